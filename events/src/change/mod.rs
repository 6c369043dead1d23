//! The feed of what changed: pushes, merged pull requests, failed runs, releases and deployments.

mod command;
mod event;

pub use command::{Change, ChangeCommand, id};
pub use event::{Actor, ChangeEvent, ChangeKind, Recorded};
