//! The NATS service `agent`: answers questions asked on `agent.v1.ask`, with the tools that the asker's grant allows.

pub mod answer;
mod builtin;
pub mod question;
mod rerun;
mod service;
pub mod tool;

pub use service::Agent;
