//! The read models: what the log says, as PostgreSQL tables that can be dropped and rebuilt. The only crate with SQL.

pub mod audit;
mod batch;
pub mod changes;
pub mod checkpoint;
mod column;
pub mod conversations;
pub mod database;
pub mod event_index;
mod fingerprint;
mod heartbeat;
pub mod integrations;
pub mod projector;
pub mod queries;
pub mod rebuild;
mod recorded;
pub mod resources;
pub mod status;

pub use batch::Batch;
pub use database::{connect, create_database, drop_database, migrate};
pub use fingerprint::{Fingerprint, fingerprint};
pub use projector::Projector;
pub use rebuild::{Rebuilt, rebuild};
pub use recorded::Recorded;
/// The pool that every function here takes; nothing else of the driver is seen outside.
pub use sqlx::PgPool;
pub use status::{StreamStatus, status};

#[cfg(test)]
mod tests;
