//! Who people are and what they belong to: Clerk's webhooks, the sessions of those who are signed in, and what
//! administrators say about their organizations.

pub mod clerk;
pub mod configuration;
mod identifier;
mod operated;
mod refused;
mod request;
mod rules;
mod service;
pub mod session;
mod set_profile;
#[cfg(test)]
mod tests;

pub use configuration::Configuration;
pub use operated::{OperatedReply, OperatedRequest};
pub use service::{Error, Identity};
pub use session::{Session, Sessions};
