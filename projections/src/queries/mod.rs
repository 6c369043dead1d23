//! The role `queries`: what agents may ask the read models, as NATS services, each call with a grant.

pub(crate) mod changes;
mod conversations;
pub(crate) mod integrations;
mod serve;
pub(crate) mod status;

pub use serve::serve;
