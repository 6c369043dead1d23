//! The command line.

mod arguments;
mod connection;
mod integrations;
mod nats;
mod projections;
mod sandbox;

pub use arguments::Command;
pub use connection::{connect, settings};
pub use projections::database_url;
