//! The commands of the role `integrations`: connecting, checking and ending an organization's integrations, and the
//! keys of the vault. Nothing here knows one external system from another: that is its connector's business.

mod authorize;
mod connect;
mod context;
mod disconnect;
mod establish;
mod health;
mod initiate;
mod keys;
mod list;
mod operations;
mod request;
mod retire;
mod service;
mod settings;
mod state;
mod synchronize;
mod tools;
mod trial;
mod turn;
mod validate;

pub use service::{Error, Integrations};
pub use settings::Settings;
