//! Starts nats-server and PostgreSQL as child processes that never outlive their parent, for `infragpt dev`,
//! the demo and the tests. Nothing here knows what the servers are used for.

mod directory;
mod error;
pub mod find;
mod lock;
mod nats;
mod port;
mod postgres;
mod watchdog;

pub use error::Error;
pub use nats::{NatsOptions, NatsServer};
pub use port::free_port;
pub use postgres::{Postgres, PostgresOptions};
