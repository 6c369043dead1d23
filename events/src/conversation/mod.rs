//! A thread in a chat: what was said to the product, and what it answered.

mod command;
mod event;
mod state;

pub use command::{Addressed, ConversationCommand, Refusal};
pub use event::{AnswerFailed, AnswerPosted, AnswerRequested, Author, ConversationEvent, Message, Place};
pub use state::{AnswerState, Conversation, Turn, answer_id, id};
