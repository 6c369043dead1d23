//! A person who can sign in. People belong to organizations, so their own events belong to none.

mod event;

pub use event::{Deleted, Erased, Registered, Updated, UserEvent, id};
