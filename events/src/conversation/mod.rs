//! A thread in a chat: what was said to the product, and what it answered.

mod command;
mod event;
mod state;
mod word;

pub use command::{Addressed, ConversationCommand, Refusal};
pub use event::{
    AnswerDrafted, AnswerFailed, AnswerMerged, AnswerPosted, AnswerRequested, Audience, Author, ConversationEvent,
    ExplanationRequested, FeedbackGiven, Message, MessageDeleted, MessageEdited, Muted, Place, Stopped, Unmuted,
    Verdict,
};
pub use state::{AnswerState, Conversation, Turn, answer_id, answer_id_in, id};
