//! Clerk: webhooks in, organizations and people out of them.

pub mod error;
pub mod events;
pub mod fact;
pub mod handler;
pub mod interpretation;
mod payload;
mod redaction;
pub mod verification;
pub mod webhook;

pub use error::Error;
pub use events::EventType;
pub use handler::Handler;
pub use webhook::inbound;
