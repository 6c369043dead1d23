//! The command line.

mod arguments;
mod ask;
mod bundle;
mod connection;
mod integrations;
mod keys;
mod nats;
pub mod output;
mod projections;
mod replay;
mod sandbox;
mod select;
mod tail;

pub use arguments::Command;
pub use connection::{connect, settings};
pub use projections::database_url;
