//! Why the role ended, or a question has to wait.

use std::time::Duration;

use infragpt_events::conversation::Refusal;
use infragpt_nats::{DecodeFailure, ExecuteError, HandlerError, event_store, subscription};

use crate::connector;

/// Why the role `conversations` ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of its subscriptions did.
    #[error("what is to be done in chats can't be read from the log")]
    Subscription(#[from] subscription::Error),
    /// What is stopped can't be heard.
    #[error("what people stop can't be listened to")]
    Listen(#[from] infragpt_nats::request::Error),
}

/// Why a question is not answered at this try.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Waiting {
    /// It isn't the event that it was taken for.
    #[error("the message is no request for an answer")]
    Decode(#[from] DecodeFailure),
    /// It is another event than the consumer is made for.
    #[error("the consumer delivers `{0}`, which asks for no answer: its filter is wrong")]
    NotARequest(&'static str),
    /// The log can't be read.
    #[error("the conversation can't be loaded")]
    Load(#[source] event_store::Error),
    /// No agent listens.
    #[error("no agent serves `agent.v1.ask`")]
    NoAgent,
    /// What it proposes can't be appended now.
    #[error("what the agent proposes can't be kept")]
    Propose(#[source] event_store::Error),
    /// It can't be posted now.
    #[error("the answer can't be posted now")]
    Post(#[source] connector::Error),
    /// It can't be recorded now.
    #[error("the answer can't be recorded")]
    Record(#[source] Box<ExecuteError<Refusal>>),
}

impl Waiting {
    /// Whether this try certainly posted nothing, so that the next one need not look.
    pub fn is_without_trace(&self) -> bool {
        matches!(self, Self::NoAgent | Self::Post(connector::Error::NotPosted(_)))
    }
}

impl From<Waiting> for HandlerError {
    fn from(waiting: Waiting) -> Self {
        match waiting {
            Waiting::Decode(_) | Waiting::NotARequest(_) => Self::discard(waiting),
            Waiting::Load(_) | Waiting::Record(_) | Waiting::Post(_) | Waiting::Propose(_) => Self::retry(waiting),
            // Agents are started and stopped by people; a tight loop would help nobody.
            Waiting::NoAgent => Self::retry(waiting).after(Duration::from_millis(500)),
        }
    }
}
