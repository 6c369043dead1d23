//! Slack: mentions and messages in, answers out.

mod authorization;
pub mod configuration;
pub mod connector;
mod credential;
pub mod error;
pub mod events;
pub mod fact;
mod gestures;
pub mod handler;
pub mod interpretation;
mod manifest;
mod outbound;
mod payload;
mod redaction;
mod revocation;
pub mod socket;
mod synchronization;
mod text;
mod validation;
pub mod verification;
mod web_api;
pub mod webhook;

pub use configuration::Configuration;
pub use connector::Slack;
pub use error::Error;
pub use events::EventType;
pub use handler::Handler;
pub use webhook::Inbound;
