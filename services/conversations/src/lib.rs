//! The role `conversations`: gets every question that has to be answered an answer in its thread, exactly once.

mod agent;
mod attempt;
mod connector;
mod error;
mod handler;
mod history;
mod outcome;
mod rehearsal;
mod service;
mod watermark;

pub use error::Error;
pub use rehearsal::{Again, rehearse};
pub use service::{Conversations, Settings};
