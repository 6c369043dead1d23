//! Something that an agent proposes to do and people decide on. It runs once at the most.

mod command;
mod event;
mod state;

pub use command::{ActionCommand, Refusal};
pub use event::{ActionEvent, Approved, Denied, Executed, Expired, Failed, Presented, Proposed, Refused};
pub use state::{Action, Progress, State, id};
