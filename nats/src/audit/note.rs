//! What is noted, counted until it is written. Bounded, and yet nothing goes uncounted.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    audit::{AuditedAction, Recorded},
};
use uuid::Uuid;

use crate::Origin;

/// From how many different notes on the correlation is left out, so that notes become the same.
const WITHOUT_CORRELATION: usize = 4_096;

/// From how many on that is so for what anybody on the Internet can cause: addresses are easy to come by.
const ANYBODYS_WITHOUT_CORRELATION: usize = 256;

/// From how many on the actor is left out as well.
const WITHOUT_ACTOR: usize = 8_192;

/// The actor of a note whose own was left out.
const SEVERAL: &str = "system:several";

/// Something that is to be recorded for an audit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Note {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What was done, or tried.
    pub action: AuditedAction,
    /// The kind of system, where it was about one.
    pub connector: Option<ConnectorKind>,
    /// The integration, where it was about one.
    pub integration: Option<Uuid>,
    /// What for, for a credential; what was asked for, where it was refused.
    pub purpose: Option<Cow<'static, str>>,
    /// Why it was refused or failed; nothing where it was done. Without secrets, and not different each time.
    pub refused: Option<String>,
    /// Who, as `<kind>:<id>`.
    pub actor: String,
    /// The event that the case goes back to, if there is one.
    pub correlation: Option<String>,
    /// Where the request came from, if it follows from one.
    pub origin: Origin,
}

/// How often, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub count: u64,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

impl Note {
    /// Whether anybody on the Internet can cause it, as often as they like.
    fn is_anybodys(&self) -> bool {
        matches!(
            self.action,
            AuditedAction::AuthorizationRefused | AuditedAction::AccessRefused
        )
    }

    /// The record of it.
    pub(super) fn recorded(&self, tally: Tally) -> Recorded {
        Recorded {
            action: self.action,
            connector: self.connector.clone(),
            integration: self.integration,
            purpose: self.purpose.as_deref().map(str::to_owned),
            refused: self.refused.clone(),
            reason: None,
            count: tally.count,
            first_at: tally.first_at,
            last_at: tally.last_at,
        }
    }
}

/// What is noted and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<HashMap<Note, Tally>>);

impl Notes {
    pub fn add(&self, mut note: Note, at: DateTime<Utc>) {
        if note.is_anybodys() {
            // It differs each time, and what somebody is refused often is one record.
            note.origin.request = None;
        }
        let mut notes = self.lock();
        if let Some(tally) = notes.get_mut(&note) {
            tally.add(at);
            return;
        }
        let most = if note.is_anybodys() {
            ANYBODYS_WITHOUT_CORRELATION
        } else {
            WITHOUT_CORRELATION
        };
        if notes.len() >= most {
            note.correlation = None;
            note.origin = Origin::default();
        }
        if notes.len() >= WITHOUT_ACTOR {
            SEVERAL.clone_into(&mut note.actor);
        }
        let first = Tally {
            count: 0,
            first_at: at,
            last_at: at,
        };
        notes.entry(note).or_insert(first).add(at);
    }

    /// Takes everything, or everything but what anybody on the Internet can cause.
    pub fn take(&self, with_anybodys: bool) -> Vec<(Note, Tally)> {
        let mut notes = self.lock();
        if with_anybodys {
            return notes.drain().collect();
        }
        notes.extract_if(|note, _| !note.is_anybodys()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Note, Tally>> {
        // Every change is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn add(&mut self, at: DateTime<Utc>) {
        self.count += 1;
        // Two threads may come in another order than they looked at the clock.
        self.first_at = self.first_at.min(at);
        self.last_at = self.last_at.max(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(actor: &str, correlation: Option<&str>) -> Note {
        Note {
            organization: OrganizationId::parse("acme").unwrap(),
            action: AuditedAction::CredentialRead,
            connector: None,
            integration: None,
            purpose: Some("post".into()),
            refused: None,
            actor: actor.to_owned(),
            correlation: correlation.map(str::to_owned),
            origin: Origin::default(),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_same_is_counted_together() {
        let notes = Notes::default();
        for seconds in [5, 3, 9] {
            notes.add(note("user:maya", Some("Ev1")), at(seconds));
        }
        notes.add(note("user:maya", Some("Ev2")), at(4));
        let mut taken = notes.take(true);
        taken.sort_by_key(|(_, tally)| tally.count);
        let [(_, once), (thrice, tally)] = &taken[..] else {
            panic!("{taken:?}")
        };
        assert_eq!(once.count, 1);
        let recorded = thrice.recorded(*tally);
        assert_eq!((recorded.count, recorded.first_at, recorded.last_at), (3, at(3), at(9)));
        assert_eq!(recorded.purpose.as_deref(), Some("post"));
        assert_eq!(notes.take(true), []);
    }

    #[test]
    fn past_its_bounds_it_tells_less_and_counts_all() {
        let notes = Notes::default();
        let total = 30_000;
        for index in 0..total {
            notes.add(note(&format!("user:{index}"), Some(&format!("Ev{index}"))), at(index));
        }
        let taken = notes.take(true);
        assert!(taken.len() <= WITHOUT_ACTOR + 1, "{}", taken.len());
        assert_eq!(taken.iter().map(|(_, tally)| tally.count).sum::<u64>(), 30_000);
        let several = taken.iter().find(|(note, _)| note.actor == SEVERAL).unwrap();
        assert_eq!(several.1.last_at, at(total - 1));
    }

    #[test]
    fn whoever_has_many_addresses_fills_no_log() {
        let notes = Notes::default();
        for index in 0..10_000 {
            let refused = Note {
                action: AuditedAction::AuthorizationRefused,
                origin: Origin {
                    address: Some(format!("2001:db8::{index:x}")),
                    request: None,
                },
                ..note("unknown", None)
            };
            notes.add(refused, at(index));
        }
        let taken = notes.take(true);
        assert_eq!(taken.len(), ANYBODYS_WITHOUT_CORRELATION + 1);
        assert_eq!(taken.iter().map(|(_, tally)| tally.count).sum::<u64>(), 10_000);
    }

    #[test]
    fn what_anybody_can_cause_can_wait() {
        let notes = Notes::default();
        notes.add(note("user:maya", None), at(1));
        let refused = Note {
            action: AuditedAction::AuthorizationRefused,
            ..note("unknown", None)
        };
        notes.add(refused.clone(), at(1));
        assert_eq!(notes.take(false).len(), 1);
        let left = notes.take(true);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].0, refused);
    }
}
