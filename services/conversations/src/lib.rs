//! The role `conversations`: gets every question that has to be answered an answer in its thread, exactly once, shows while
//! it is found, has people decide on what is proposed, and tells them what came of what they did.

mod actions;
mod agent;
mod attempt;
mod connector;
mod error;
mod follow;
mod handler;
mod history;
mod notices;
mod opened;
mod outcome;
mod prepare;
mod proposals;
mod rehearsal;
mod running;
mod service;
mod watermark;
mod words;

pub use error::Error;
pub use rehearsal::{Again, rehearse};
pub use service::{Conversations, Settings};
