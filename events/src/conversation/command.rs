//! Who is answered, and how an answer is recorded once.

use uuid::Uuid;

use super::{
    event::{AnswerFailed, AnswerPosted, AnswerRequested, ConversationEvent, Message, Place},
    state::{AnswerState, Conversation, answer_id},
};
use crate::Aggregate;

/// How a message addresses the product. A channel's message that does neither of these is no command at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// It names the product.
    Mention,
    /// It was written to the product alone.
    Direct,
    /// It stands in a thread, and may or may not be meant for the product.
    Thread,
}

/// What a conversation can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationCommand {
    /// A person wrote something.
    ReceiveMessage {
        /// Where.
        place: Place,
        /// What.
        message: Message,
        /// How it addresses the product.
        addressed: Addressed,
    },
    /// The answer stands in the thread.
    PostAnswer(AnswerPosted),
    /// There will be no answer.
    FailAnswer(AnswerFailed),
}

/// Why a conversation refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody asked for that answer.
    #[error("no answer `{0}` was asked for in this conversation")]
    NotRequested(Uuid),
    /// The question was given up, so an answer must not be recorded over that.
    #[error("answer `{0}` was already given up")]
    AlreadyFailed(Uuid),
}

impl Aggregate for Conversation {
    type Event = ConversationEvent;
    type Command = ConversationCommand;
    type Error = Refusal;

    fn decide(&self, command: ConversationCommand) -> Result<Vec<ConversationEvent>, Refusal> {
        match command {
            ConversationCommand::ReceiveMessage {
                place,
                message,
                addressed,
            } => Ok(self.receive(place, message, addressed)),
            ConversationCommand::PostAnswer(posted) => match &self.requested(posted.answer_id)? {
                AnswerState::Requested => Ok(vec![posted.into()]),
                AnswerState::Posted { .. } => Ok(vec![]),
                AnswerState::Failed { .. } => Err(Refusal::AlreadyFailed(posted.answer_id)),
            },
            ConversationCommand::FailAnswer(failed) => match &self.requested(failed.answer_id)? {
                AnswerState::Requested => Ok(vec![failed.into()]),
                AnswerState::Posted { .. } | AnswerState::Failed { .. } => Ok(vec![]),
            },
        }
    }

    fn evolve(self, event: &ConversationEvent) -> Self {
        self.after(event)
    }
}

impl Conversation {
    /// One gesture, one event: whichever of its deliveries comes first asks, the others find it asked.
    fn receive(&self, place: Place, message: Message, addressed: Addressed) -> Vec<ConversationEvent> {
        let takes_part = matches!(self, Self::Open { .. });
        let meant = match addressed {
            Addressed::Mention | Addressed::Direct => true,
            Addressed::Thread => takes_part,
        };
        let answer_id = answer_id(&place, &message.id);
        if !meant || self.turn(answer_id).is_some() {
            return vec![];
        }
        vec![
            AnswerRequested {
                place,
                message,
                answer_id,
            }
            .into(),
        ]
    }

    fn requested(&self, answer_id: Uuid) -> Result<&AnswerState, Refusal> {
        self.turn(answer_id)
            .map(|turn| &turn.answer)
            .ok_or(Refusal::NotRequested(answer_id))
    }
}

#[cfg(test)]
mod tests;
