//! An event that was found, with its payload or what is left of it.

use infragpt_nats::{Letter, Received, Verdict};
use infragpt_projections::event_index::Entry;
use serde::Serialize;
use serde_json::Value;

use crate::{Event, redact};

/// An event that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// What it says, without secrets.
    pub event: Event,
    /// Whether its stream no longer has it, so that only the index tells of it, without payload.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_gone: bool,
    /// Why it is a dead letter, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl Found {
    /// Its place, to tell it from all others.
    pub(crate) fn place(&self) -> (String, u64) {
        (self.event.stream.clone(), self.event.sequence)
    }

    /// As its stream has it.
    pub(super) fn stored(received: &Received) -> Self {
        Self {
            event: Event::from(received),
            is_gone: false,
            verdict: None,
        }
    }

    /// What the index has of it.
    pub(super) fn indexed(entry: Entry) -> Self {
        let event = Event {
            stream: entry.stream,
            sequence: u64::try_from(entry.sequence).unwrap_or(0),
            subject: entry.subject,
            stored_at: entry.published_at,
            id: entry.event_id,
            source: entry.source,
            kind: entry.kind,
            time: entry.occurred_at,
            organization: entry.organization_id.filter(|organization| organization != "-"),
            correlation: entry.correlation_id,
            causation: entry.causation_id,
            actor: entry.actor,
            attributes: std::collections::BTreeMap::new(),
            data: Value::Null,
        };
        Self {
            event,
            is_gone: true,
            verdict: None,
        }
    }

    /// A dead letter, if it is a CloudEvent.
    pub(super) fn letter(letter: Letter) -> Option<Self> {
        let Letter { verdict, event, .. } = letter;
        Some(Self {
            verdict: Some(Verdict {
                reason: redact(&verdict.reason).into_owned(),
                ..verdict
            }),
            ..Self::stored(&event?)
        })
    }

    /// Text of the payload at `pointer`.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.event.data.pointer(pointer)?.as_str()
    }
}
