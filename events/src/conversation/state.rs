//! What is known of a conversation.

use uuid::{Uuid, uuid};

use super::event::{ConversationEvent, FeedbackGiven, Message, Place};

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
    answer_id_in(id(place), message_id)
}

/// The same, where only the conversation is known.
pub fn answer_id_in(conversation: Uuid, message_id: &str) -> Uuid {
    Uuid::new_v5(&conversation, message_id.as_bytes())
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
        /// Whether only those who name the product are answered.
        is_muted: bool,
    },
}

/// One question and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The identity of its answer.
    pub answer_id: Uuid,
    /// What was asked, as its author last left it.
    pub message: Message,
    /// Whether its author took it back.
    pub is_deleted: bool,
    /// What came of it.
    pub answer: AnswerState,
    /// Where the first words of the answer stand, if they came before the rest.
    pub draft: Option<String>,
    /// What each person last said of the answer.
    pub feedback: Vec<FeedbackGiven>,
    /// Whether somebody wanted to know where the answer came from.
    pub is_explained: bool,
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
    /// Somebody ended it, and how far it had come is not known yet.
    Stopped {
        /// Who.
        by: String,
    },
    /// It is answered together with a later one.
    Merged {
        /// The identity of that one's answer.
        into: Uuid,
    },
}

impl AnswerState {
    /// Whether what came of it is still to be recorded.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Requested | Self::Stopped { .. })
    }
}

impl Conversation {
    /// Where it takes place, once it has started.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::NotStarted => None,
            Self::Open { place, .. } => Some(place),
        }
    }

    /// Whether only those who name the product are answered.
    pub fn is_muted(&self) -> bool {
        matches!(self, Self::Open { is_muted: true, .. })
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

    /// The turn that began with this message.
    pub fn turn_of(&self, message_id: &str) -> Option<&Turn> {
        self.turns().iter().find(|turn| turn.message.id == message_id)
    }

    /// The turn whose question or answer this message is.
    pub fn turn_at(&self, message_id: &str) -> Option<&Turn> {
        let is_answer = |turn: &&Turn| {
            turn.draft.as_deref() == Some(message_id)
                || matches!(&turn.answer, AnswerState::Posted { posted_id, .. } if posted_id == message_id)
        };
        self.turn_of(message_id).or_else(|| self.turns().iter().find(is_answer))
    }

    pub(super) fn after(mut self, event: &ConversationEvent) -> Self {
        match event {
            ConversationEvent::AnswerRequested(requested) => self.open(&requested.place).push(Turn {
                answer_id: requested.answer_id,
                message: requested.message.clone(),
                is_deleted: false,
                answer: AnswerState::Requested,
                draft: None,
                feedback: Vec::new(),
                is_explained: false,
            }),
            ConversationEvent::AnswerDrafted(drafted) => {
                self.change(drafted.answer_id, |turn| turn.draft = Some(drafted.posted_id.clone()));
            }
            ConversationEvent::AnswerPosted(posted) => self.answer(
                posted.answer_id,
                AnswerState::Posted {
                    posted_id: posted.posted_id.clone(),
                    text: posted.text.clone(),
                },
            ),
            ConversationEvent::AnswerFailed(failed) => self.answer(
                failed.answer_id,
                AnswerState::Failed {
                    reason: failed.reason.clone(),
                },
            ),
            ConversationEvent::AnswerMerged(merged) => {
                self.answer(merged.answer_id, AnswerState::Merged { into: merged.into });
            }
            ConversationEvent::Stopped(stopped) => {
                for answer in &stopped.answers {
                    let by = stopped.by.clone();
                    self.answer(*answer, AnswerState::Stopped { by });
                }
            }
            ConversationEvent::Muted(muted) => self.mute(&muted.place, true),
            ConversationEvent::Unmuted(unmuted) => self.mute(&unmuted.place, false),
            ConversationEvent::FeedbackGiven(given) => self.change(given.answer_id, |turn| {
                turn.feedback.retain(|feedback| feedback.by != given.by);
                turn.feedback.push(given.clone());
            }),
            ConversationEvent::ExplanationRequested(requested) => {
                self.change(requested.answer_id, |turn| turn.is_explained = true);
            }
            ConversationEvent::MessageEdited(edited) => {
                self.change_message(&edited.message_id, |turn| turn.message.text.clone_from(&edited.text));
            }
            ConversationEvent::MessageDeleted(deleted) => self.change_message(&deleted.message_id, |turn| {
                turn.is_deleted = true;
                turn.message.text.clear();
                if turn.answer == AnswerState::Requested {
                    let by = turn.message.author.id.clone();
                    turn.answer = AnswerState::Stopped { by };
                }
            }),
        }
        self
    }

    /// The turns of the conversation, which starts in `place` if it has not.
    fn open(&mut self, place: &Place) -> &mut Vec<Turn> {
        if *self == Self::NotStarted {
            *self = Self::Open {
                place: place.clone(),
                turns: Vec::new(),
                is_muted: false,
            };
        }
        match self {
            Self::Open { turns, .. } => turns,
            Self::NotStarted => unreachable!("it was opened above"),
        }
    }

    fn mute(&mut self, place: &Place, mute: bool) {
        self.open(place);
        if let Self::Open { is_muted, .. } = self {
            *is_muted = mute;
        }
    }

    fn answer(&mut self, answer_id: Uuid, answer: AnswerState) {
        self.change(answer_id, |turn| turn.answer = answer);
    }

    fn change(&mut self, answer_id: Uuid, change: impl FnOnce(&mut Turn)) {
        self.change_where(|turn| turn.answer_id == answer_id, change);
    }

    fn change_message(&mut self, message_id: &str, change: impl FnOnce(&mut Turn)) {
        self.change_where(|turn| turn.message.id == message_id, change);
    }

    fn change_where(&mut self, wanted: impl Fn(&Turn) -> bool, change: impl FnOnce(&mut Turn)) {
        if let Self::Open { turns, .. } = self
            && let Some(turn) = turns.iter_mut().find(|turn| wanted(turn))
        {
            change(turn);
        }
    }
}
