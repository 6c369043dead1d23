//! Slack: mentions and messages in, answers out.

pub mod configuration;
pub mod error;
pub mod events;
pub mod fact;
mod gestures;
pub mod handler;
pub mod interpretation;
pub mod outbound;
mod payload;
mod redaction;
pub mod socket;
mod text;
pub mod verification;
pub mod webhook;

pub use configuration::Configuration;
pub use error::Error;
pub use events::EventType;
pub use handler::Handler;
pub use webhook::Inbound;
