//! The commands of the role `integrations`: what administrators and operators ask of an organization's integrations.

mod account;
mod connect;
mod service;

pub use connect::{ConnectRequest, Connected};
pub use service::{AccountSource, Integrations};
