//! What came of facts when they were handled: the events that name them as their cause, and the dead letters.

use std::collections::{HashMap, HashSet};

use infragpt_events::audit::{AuditEvent, AuditedAction};
use infragpt_nats::{
    Connection, Extent, Received, Scan, decode_event,
    scan::{self, Begin, End},
};
use uuid::Uuid;

use super::today;

/// An event that a fact led to. Its payload stays in the log: only what differs is read again.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub sequence: u64,
    pub id: Uuid,
    pub subject: String,
    /// What its payload says in today's shape; nothing where this build can't read it.
    pub digest: Option<u64>,
}

/// What came of facts.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    effects: HashMap<Box<str>, Vec<Effect>>,
    letters: HashMap<Box<str>, u64>,
    /// The places of facts whose letters operators took in hand: edited, or discarded.
    given_up: HashSet<String>,
}

impl Recorded {
    /// Reads EVENTS from `begin` on, and all dead letters.
    pub async fn read(connection: &Connection, begin: Begin) -> Result<Self, scan::Error> {
        let mut recorded = Self::default();
        let extent = |stream: &str, begin, headers_only| Extent {
            stream: stream.to_owned(),
            subjects: Vec::new(),
            begin,
            end: End::Last,
            headers_only,
        };
        let mut events = Scan::open(connection, extent("EVENTS", begin, false)).await?;
        while let Some(event) = events.next().await? {
            recorded.add(&event);
        }
        let mut letters = Scan::open(connection, extent("DEAD_LETTERS", Begin::First, true)).await?;
        while let Some(letter) = letters.next().await? {
            recorded.letters.insert(letter.envelope.id.into(), letter.sequence);
        }
        Ok(recorded)
    }

    /// What `stored` says, whatever streams that is from.
    pub fn of(stored: &[Received]) -> Self {
        let mut recorded = Self::default();
        for message in stored {
            match message.stream.as_str() {
                "EVENTS" => recorded.add(message),
                "DEAD_LETTERS" => {
                    let id = message.envelope.id.as_str().into();
                    recorded.letters.insert(id, message.sequence);
                }
                _ => {}
            }
        }
        recorded
    }

    fn add(&mut self, event: &Received) {
        if event.token(1) == Some("audit") {
            // No handler decides on the audit.
            self.given_up.extend(given_up(event));
            return;
        }
        let (Some(cause), Ok(id)) = (&event.envelope.causation, Uuid::try_parse(&event.envelope.id)) else {
            return;
        };
        // The second command of a fact has the fact's identifier with a number for its cause.
        let fact = cause.split('#').next().unwrap_or(cause);
        let digest = today::payload(event)
            .and_then(Result::ok)
            .map(|payload| today::digest(&payload));
        let effect = Effect {
            sequence: event.sequence,
            id,
            subject: event.subject.clone(),
            digest,
        };
        self.effects.entry(fact.into()).or_default().push(effect);
    }

    /// What a fact led to, in the order of the log.
    pub fn effects(&self, fact: &str) -> &[Effect] {
        self.effects.get(fact).map_or(&[], Vec::as_slice)
    }

    /// Whether a fact was a dead letter that an operator took in hand.
    pub fn is_given_up(&self, fact: &Received) -> bool {
        !self.given_up.is_empty() && self.given_up.contains(&format!("{}#{}", fact.stream, fact.sequence))
    }

    /// Where the dead letter of a fact stands, if it is one.
    pub fn letter(&self, fact: &str) -> Option<u64> {
        self.letters.get(fact).copied()
    }
}

/// The place of the fact that an audit record is about, where an operator took its letter in hand.
fn given_up(event: &Received) -> Option<String> {
    let AuditEvent::Recorded(recorded) = decode_event::<AuditEvent>(event).ok()?.event;
    matches!(
        recorded.action,
        AuditedAction::DeadLetterRetried | AuditedAction::DeadLetterDiscarded
    )
    .then_some(recorded.purpose)
    .flatten()
}
