//! What was asked in each conversation, and what was answered.

mod locate;
mod messages;
mod read;
mod write;

pub use locate::{Located, at_message, of_answer};
pub use read::{Conversation, Filter, Key, Message, MessageKey, count, find, messages_page, page};
pub(crate) use read::{fingerprint, messages_fingerprint};
pub use write::apply;
