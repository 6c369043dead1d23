//! A person who can sign in. People belong to organizations, so their own events belong to none.

mod command;
mod event;
mod state;

pub use command::{Refusal, UserCommand};
pub use event::{Confirmed, Deleted, Erased, Registered, Updated, UserEvent, id};
pub use state::{Person, User};
