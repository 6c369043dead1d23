//! Threads in which the product was asked something.

mod conversation;
pub(crate) mod list;
pub(crate) mod messages;
pub(crate) mod show;

pub(crate) use conversation::Conversation;
