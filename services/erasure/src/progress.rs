//! What was erased so far, for as long as this process lives.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use infragpt_events::organization::ErasedFacts;

use crate::quiet::Quiet;

/// The most places that `erased` lists: one event has to hold them. What points at others goes with its age.
const MOST_LISTED: usize = 1_000_000;

/// How far each erasure is, by the identifier of the event that asked for it.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<HashMap<String, Progress>>);

/// How far one erasure is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// How many events were erased, and dead letters of events.
    pub events: u64,
    /// How many facts were, and dead letters of facts.
    pub facts: u64,
    /// Where facts stood that no prefix tells, by stream.
    pub places: BTreeMap<String, BTreeSet<u64>>,
    /// Whether somebody may still append something.
    pub quiet: Quiet,
}

impl Ledger {
    /// Takes what is known of an erasure out; who works on it has it.
    pub fn take(&self, deletion: &str) -> Progress {
        self.lock().remove(deletion).unwrap_or_default()
    }

    /// Puts it back for the next try.
    pub fn keep(&self, deletion: &str, progress: Progress) {
        self.lock().insert(deletion.to_owned(), progress);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Notes where a fact stood that no prefix tells.
    pub fn note(&mut self, stream: &str, sequence: u64) {
        self.places.entry(stream.to_owned()).or_default().insert(sequence);
    }

    /// The listed places, as `erased` tells them.
    pub fn listed(&self, until: DateTime<Utc>) -> Vec<ErasedFacts> {
        let mut left = MOST_LISTED;
        let mut listed = Vec::new();
        for (stream, places) in &self.places {
            let sequences: Vec<u64> = places.iter().copied().take(left).collect();
            if sequences.len() < places.len() {
                tracing::warn!(
                    stream,
                    places = places.len(),
                    "Too many facts of {stream} were erased to list them all: what points at the others stays until it is too old"
                );
            }
            left -= sequences.len();
            listed.push(ErasedFacts {
                stream: stream.clone(),
                prefix: String::new(),
                sequences,
                until,
            });
        }
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_listed_once_and_not_without_end() {
        let mut progress = Progress::default();
        for sequence in [3, 1, 3] {
            progress.note("RAW_CLERK", sequence);
        }
        let until = DateTime::from_timestamp(9, 0).unwrap();
        let listed = progress.listed(until);
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].stream.as_str(), &listed[0].sequences[..]),
            ("RAW_CLERK", &[1, 3][..])
        );
        assert_eq!((listed[0].prefix.as_str(), listed[0].until), ("", until));
        let many = 1..=u64::try_from(MOST_LISTED).unwrap() + 5;
        progress.places.insert("RAW_GITHUB".to_owned(), many.collect());
        let listed = progress.listed(until);
        let total: usize = listed.iter().map(|facts| facts.sequences.len()).sum();
        assert_eq!(total, MOST_LISTED);
    }

    #[test]
    fn what_was_kept_is_there_at_the_next_try() {
        let ledger = Ledger::default();
        let mut progress = ledger.take("one");
        progress.events = 5;
        ledger.keep("one", progress);
        assert_eq!(ledger.take("two").events, 0);
        assert_eq!(ledger.take("one").events, 5);
        assert_eq!(ledger.take("one").events, 0, "it was taken");
    }
}
