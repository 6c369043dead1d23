//! The command line.

mod arguments;
mod ask;
mod connection;
mod integrations;
mod keys;
mod nats;
mod projections;
mod sandbox;

pub use arguments::Command;
pub use connection::{connect, settings};
pub use projections::database_url;
