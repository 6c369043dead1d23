//! Who people are and what they belong to: Clerk's webhooks, and the sessions of those who are signed in.

pub mod clerk;
pub mod configuration;
mod identifier;
pub mod session;

pub use configuration::Configuration;
pub use session::{Session, Sessions};
