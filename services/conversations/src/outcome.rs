//! What came of a question, and how it is recorded.

use infragpt_events::conversation::{AnswerFailed, AnswerPosted, AnswerRequested, ConversationCommand};
use infragpt_nats::agent;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer stands in the thread.
    Posted { posted_id: String, text: String },
    /// There is no answer; `posted_id` is the sentence that says so, where one could be posted.
    Failed { reason: String, posted_id: Option<String> },
}

impl Outcome {
    /// The command that records it.
    pub fn command(self, requested: &AnswerRequested) -> ConversationCommand {
        let (answer_id, message_id) = (requested.answer_id, requested.message.id.clone());
        match self {
            Self::Posted { posted_id, text } => ConversationCommand::PostAnswer(AnswerPosted {
                answer_id,
                message_id,
                posted_id,
                text,
                agent: agent::SUBJECT.to_owned(),
            }),
            Self::Failed { reason, posted_id } => ConversationCommand::FailAnswer(AnswerFailed {
                answer_id,
                message_id,
                reason,
                posted_id,
            }),
        }
    }
}
