//! What was asked in each conversation, and what was answered.

mod messages;
mod read;
mod write;

pub use read::{Conversation, Filter, Key, Message, MessageKey, count, find, messages_page, page};
pub(crate) use read::{fingerprint, messages_fingerprint};
pub use write::apply;
