//! The connections to Slack, GitHub and other systems.

pub(crate) mod begin;
pub(crate) mod disconnect;
pub(crate) mod health;
mod integration;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod synchronize;
pub(crate) mod validate;

pub(crate) use integration::{Integration, Target, of_connector};
