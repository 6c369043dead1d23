//! The one binary: configuration, roles, operator commands, and the local installation for demo, development and tests.

pub mod bench;
pub mod command;
pub mod configuration;
pub mod demo;
pub mod environment;
pub mod failure;
pub mod logging;
pub mod metrics;
pub mod role;
pub mod serve;
