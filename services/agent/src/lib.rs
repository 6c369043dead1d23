//! The NATS service `agent`: answers questions asked on `agent.v1.ask`, with the tools the asker's grant allows.

pub mod answer;
pub mod question;
