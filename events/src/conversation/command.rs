//! Who is answered, and how an answer is recorded once.

use uuid::Uuid;

use super::{
    event::{
        AnswerDrafted, AnswerFailed, AnswerMerged, AnswerPosted, AnswerRequested, Audience, ConversationEvent,
        ExplanationRequested, FeedbackGiven, Message, MessageDeleted, MessageEdited, Muted, Place, Stopped, Unmuted,
        Verdict,
    },
    state::{AnswerState, Conversation, Turn, answer_id},
    word::Word,
};
use crate::Aggregate;

/// How a message addresses the product. A channel's message that does none of these is no command at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// It names the product.
    Mention,
    /// It was written to the product alone.
    Direct,
    /// It stands in a thread, and may or may not be meant for the product.
    Thread,
    /// It names nobody, and stands in a channel that somebody wants to be answered in.
    Watched,
    /// It was typed as a command: only its author sees the answer.
    Command,
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
        /// Whether only those who see the channel may know of it.
        is_private: bool,
    },
    /// Its author changed a message.
    EditMessage(MessageEdited),
    /// Its author took a message back.
    DeleteMessage(MessageDeleted),
    /// The first words of the answer stand in the thread.
    DraftAnswer(AnswerDrafted),
    /// The answer stands in the thread.
    PostAnswer(AnswerPosted),
    /// There will be no answer.
    FailAnswer(AnswerFailed),
    /// A question is answered together with a later one.
    MergeAnswer {
        /// The identity of the answer that will not come.
        answer_id: Uuid,
        /// The identity of the answer that comes in its place.
        into: Uuid,
    },
    /// Somebody ends what is being answered.
    Stop {
        /// Who.
        by: String,
        /// Which answer; none means all of the thread.
        answer_id: Option<Uuid>,
    },
    /// Somebody says how good an answer was.
    GiveFeedback(FeedbackGiven),
    /// Somebody wants to know where an answer came from.
    Explain(ExplanationRequested),
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
        let decided = match command {
            ConversationCommand::ReceiveMessage {
                place,
                message,
                addressed,
                is_private,
            } => self.receive(place, message, addressed, is_private),
            ConversationCommand::EditMessage(edited) => self.edit(edited),
            ConversationCommand::DeleteMessage(deleted) => self
                .turn_of(&deleted.message_id)
                .filter(|turn| !turn.is_deleted)
                .map(|_| deleted.into()),
            ConversationCommand::DraftAnswer(drafted) => {
                let turn = self.requested(drafted.answer_id)?;
                (turn.draft.is_none() && turn.answer.is_open()).then(|| drafted.into())
            }
            ConversationCommand::PostAnswer(posted) => match self.requested(posted.answer_id)?.answer {
                AnswerState::Requested | AnswerState::Stopped { .. } => Some(posted.into()),
                AnswerState::Posted { .. } | AnswerState::Merged { .. } => None,
                AnswerState::Failed { .. } => return Err(Refusal::AlreadyFailed(posted.answer_id)),
            },
            ConversationCommand::FailAnswer(failed) => {
                let is_open = self.requested(failed.answer_id)?.answer.is_open();
                is_open.then(|| failed.into())
            }
            ConversationCommand::MergeAnswer { answer_id, into } => self.merge(answer_id, into)?,
            ConversationCommand::Stop { by, answer_id } => self.stop(by, answer_id),
            ConversationCommand::GiveFeedback(given) => {
                let turn = self.requested(given.answer_id)?;
                (!turn.feedback.contains(&given)).then(|| given.into())
            }
            ConversationCommand::Explain(requested) => {
                let turn = self.requested(requested.answer_id)?;
                let is_posted = matches!(turn.answer, AnswerState::Posted { .. });
                (is_posted && !turn.is_explained).then(|| requested.into())
            }
        };
        Ok(decided.into_iter().collect())
    }

    fn evolve(self, event: &ConversationEvent) -> Self {
        self.after(event)
    }
}

impl Conversation {
    /// One gesture, one event: whichever of its deliveries comes first asks, the others find it asked.
    fn receive(
        &self,
        place: Place,
        message: Message,
        addressed: Addressed,
        is_private: bool,
    ) -> Option<ConversationEvent> {
        let takes_part = matches!(self, Self::Open { .. });
        let named = matches!(addressed, Addressed::Mention | Addressed::Direct | Addressed::Command);
        if addressed == Addressed::Thread && !takes_part {
            return None;
        }
        let answer_id = answer_id(&place, &message.id);
        if self.turn(answer_id).is_some() {
            return None;
        }
        match Word::of(&message.text).filter(|_| addressed != Addressed::Command) {
            Some(Word::Mute) => return (!self.is_muted()).then(|| self.mute_by(place, message)),
            Some(Word::Unmute) if self.is_muted() => {
                let by = message.author.id;
                return Some(Unmuted { place, by }.into());
            }
            Some(Word::Unmute | Word::Stop | Word::Feedback(_)) if !takes_part => {}
            Some(Word::Unmute) => return None,
            Some(Word::Stop) => return self.stop(message.author.id, None),
            Some(Word::Feedback(comment)) => return self.comment(&message, comment),
            None => {}
        }
        if self.is_muted() && !named {
            return None;
        }
        let audience = match addressed {
            Addressed::Command => Audience::Author,
            Addressed::Mention | Addressed::Direct | Addressed::Thread | Addressed::Watched => Audience::Thread,
        };
        let requested = AnswerRequested {
            place,
            message,
            answer_id,
            audience,
            is_private,
        };
        Some(requested.into())
    }

    fn mute_by(&self, place: Place, message: Message) -> ConversationEvent {
        let place = self.place().cloned().unwrap_or(place);
        let by = message.author.id;
        Muted { place, by }.into()
    }

    /// A comment is about the newest answer; it keeps what its author thought of it, and says that it was bad if they
    /// have not said: people comment on what is wrong.
    fn comment(&self, message: &Message, comment: &str) -> Option<ConversationEvent> {
        let by = &message.author.id;
        let is_posted = |turn: &&Turn| matches!(turn.answer, AnswerState::Posted { .. });
        let turn = self.turns().iter().rev().find(is_posted)?;
        let before = turn.feedback.iter().find(|feedback| feedback.by == *by);
        let given = FeedbackGiven {
            answer_id: turn.answer_id,
            by: by.clone(),
            verdict: before.map_or(Verdict::Bad, |before| before.verdict),
            comment: Some(comment.to_owned()),
        };
        (!turn.feedback.contains(&given)).then(|| given.into())
    }

    fn edit(&self, edited: MessageEdited) -> Option<ConversationEvent> {
        let turn = self.turn_of(&edited.message_id)?;
        (!turn.is_deleted && turn.message.text != edited.text).then(|| edited.into())
    }

    fn merge(&self, answer_id: Uuid, into: Uuid) -> Result<Option<ConversationEvent>, Refusal> {
        let turn = self.requested(answer_id)?;
        self.requested(into)?;
        let merged = AnswerMerged {
            answer_id,
            message_id: turn.message.id.clone(),
            into,
        };
        Ok((turn.answer == AnswerState::Requested && answer_id != into).then(|| merged.into()))
    }

    fn stop(&self, by: String, answer_id: Option<Uuid>) -> Option<ConversationEvent> {
        let is_meant = |turn: &&Turn| {
            turn.answer == AnswerState::Requested && answer_id.is_none_or(|answer_id| answer_id == turn.answer_id)
        };
        let answers: Vec<Uuid> = self
            .turns()
            .iter()
            .filter(is_meant)
            .map(|turn| turn.answer_id)
            .collect();
        (!answers.is_empty()).then(|| Stopped { by, answers }.into())
    }

    fn requested(&self, answer_id: Uuid) -> Result<&Turn, Refusal> {
        self.turn(answer_id).ok_or(Refusal::NotRequested(answer_id))
    }
}

#[cfg(test)]
mod tests;
