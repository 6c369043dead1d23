//! The command line.

mod arguments;
mod ask;
mod bundle;
mod connection;
mod dead_letters;
mod doctor;
mod events;
mod finding;
mod integrations;
mod keys;
mod nats;
pub mod output;
mod pace;
mod projections;
mod replay;
mod sandbox;
mod select;
mod show;
mod tail;
mod timeline;
mod trace;

pub use arguments::Command;
pub use connection::{connect, settings};
pub use projections::database_url;
