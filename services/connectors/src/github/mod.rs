//! GitHub: webhooks of an App in, changes and repositories out of them.

mod application;
mod authorization;
pub mod backlog;
mod changes;
pub mod configuration;
pub mod connector;
pub mod error;
pub mod events;
pub mod fact;
pub mod handler;
mod installation;
mod installation_token;
pub mod interpretation;
mod link;
#[cfg(test)]
mod manifest;
mod payload;
pub(crate) mod reconciler;
mod rest;
mod revocation;
mod synchronization;
mod tools;
mod validation;
pub mod verification;
pub mod webhook;

pub use backlog::Backlog;
pub use configuration::Configuration;
pub use connector::Github;
pub use error::Error;
pub use events::EventType;
pub use handler::Handler;
pub use webhook::Inbound;
