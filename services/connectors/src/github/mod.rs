//! GitHub: webhooks of an App in, changes and repositories out of them.

mod application;
mod changes;
pub mod configuration;
pub mod error;
pub mod events;
pub mod fact;
pub mod handler;
pub mod interpretation;
mod payload;
pub mod verification;
pub mod webhook;

pub use configuration::Configuration;
pub use error::Error;
pub use events::EventType;
pub use handler::Handler;
pub use webhook::Inbound;
