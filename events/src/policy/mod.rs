//! What an organization allows in its chat.

mod command;
mod event;
mod state;

pub use command::{PolicyCommand, Refusal};
pub use event::{Approvers, Changed, PolicyEvent, Rules};
pub use state::{Policy, id};
