//! Dead letters: found, grouped by cause, and handled again or removed with an operator's reason.

mod cause;
mod find;
mod repair;

use chrono::{DateTime, Utc};
use infragpt_nats::Letter;
use serde::Serialize;

pub use cause::{Group, cause, group};
pub use find::{Error, Wanted, find};
pub use repair::{Edit, Failed, Outcome, Repair, edit};

use crate::{event, redact};

/// A dead letter without its payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its sequence in DEAD_LETTERS.
    pub sequence: u64,
    /// When it became one, in the server's clock.
    pub stored_at: DateTime<Utc>,
    /// The stream that the message stands in.
    pub stream: String,
    /// Its sequence there.
    pub original: u64,
    /// Its subject there.
    pub subject: String,
    /// The consumer that could not handle it.
    pub consumer: String,
    /// Its `ce-id`, if it is a CloudEvent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// Its `ce-type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whose it is, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Why it could not be handled, without secrets.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u64,
}

impl Summary {
    /// What is said of `letter` without its payload.
    pub fn of(letter: &Letter) -> Self {
        let mut tokens = letter.subject.split('.');
        let named = match tokens.next() {
            Some("events") => tokens.nth(1).filter(|token| *token != "-").map(str::to_owned),
            _ => None,
        };
        let event = letter.event.as_ref();
        Self {
            sequence: letter.sequence,
            stored_at: letter.published,
            stream: letter.verdict.stream.clone(),
            original: letter.verdict.sequence,
            subject: letter.subject.clone(),
            consumer: letter.verdict.consumer.clone(),
            id: event.map(|event| event.envelope.id.clone()),
            correlation: event.and_then(|event| event.envelope.correlation.clone()),
            kind: event.map(|event| event.envelope.kind.clone()),
            organization: named.or_else(|| event.and_then(|event| event.envelope.organization.clone())),
            reason: redact(&letter.verdict.reason).into_owned(),
            attempts: letter.verdict.attempts,
        }
    }

    /// `DEAD_LETTERS#<sequence>`, which finds it again.
    pub fn place(&self) -> String {
        format!("DEAD_LETTERS#{}", self.sequence)
    }

    /// `<stream>#<sequence>` of the message itself.
    pub fn original_place(&self) -> String {
        format!("{}#{}", self.stream, self.original)
    }

    /// The type without what is the same for all, or nothing.
    pub fn short_kind(&self) -> &str {
        self.kind.as_deref().map(event::short_kind).unwrap_or_default()
    }
}
