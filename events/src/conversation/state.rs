//! What is known of a conversation.

use uuid::{Uuid, uuid};

use super::event::{ConversationEvent, Message, Place};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a03");

/// A conversation's identity: the thread that it takes place in.
pub fn id(place: &Place) -> Uuid {
    let Place {
        connector,
        account,
        channel,
        thread,
    } = place;
    Uuid::new_v5(
        &NAMESPACE,
        format!("{connector}.{account}.{channel}.{thread}").as_bytes(),
    )
}

/// An answer's identity: the gesture that asked for it, however often and by whatever route it is told.
pub fn answer_id(place: &Place, message_id: &str) -> Uuid {
    Uuid::new_v5(&id(place), message_id.as_bytes())
}

/// A conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Conversation {
    /// Nobody addressed the product in this thread.
    #[default]
    NotStarted,
    /// The product takes part.
    Open {
        /// Where.
        place: Place,
        /// What was asked and answered, in the order of the log.
        turns: Vec<Turn>,
    },
}

/// One question and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The identity of its answer.
    pub answer_id: Uuid,
    /// What was asked.
    pub message: Message,
    /// What came of it.
    pub answer: AnswerState,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerState {
    /// An answer has to be found.
    Requested,
    /// It was answered.
    Posted {
        /// The identifier that the chat gave to the answer.
        posted_id: String,
        /// What it says.
        text: String,
    },
    /// There will be no answer.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Conversation {
    /// Where it takes place, once it has started.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::NotStarted => None,
            Self::Open { place, .. } => Some(place),
        }
    }

    /// What was asked and answered, in the order of the log.
    pub fn turns(&self) -> &[Turn] {
        match self {
            Self::NotStarted => &[],
            Self::Open { turns, .. } => turns,
        }
    }

    /// The turn that this answer belongs to.
    pub fn turn(&self, answer_id: Uuid) -> Option<&Turn> {
        self.turns().iter().find(|turn| turn.answer_id == answer_id)
    }

    pub(super) fn after(self, event: &ConversationEvent) -> Self {
        match event {
            ConversationEvent::AnswerRequested(requested) => {
                let turn = Turn {
                    answer_id: requested.answer_id,
                    message: requested.message.clone(),
                    answer: AnswerState::Requested,
                };
                match self {
                    Self::NotStarted => Self::Open {
                        place: requested.place.clone(),
                        turns: vec![turn],
                    },
                    Self::Open { place, mut turns } => {
                        turns.push(turn);
                        Self::Open { place, turns }
                    }
                }
            }
            ConversationEvent::AnswerPosted(posted) => self.with_answer(
                posted.answer_id,
                AnswerState::Posted {
                    posted_id: posted.posted_id.clone(),
                    text: posted.text.clone(),
                },
            ),
            ConversationEvent::AnswerFailed(failed) => self.with_answer(
                failed.answer_id,
                AnswerState::Failed {
                    reason: failed.reason.clone(),
                },
            ),
        }
    }

    fn with_answer(mut self, answer_id: Uuid, answer: AnswerState) -> Self {
        if let Self::Open { turns, .. } = &mut self
            && let Some(turn) = turns.iter_mut().find(|turn| turn.answer_id == answer_id)
        {
            turn.answer = answer;
        }
        self
    }
}
