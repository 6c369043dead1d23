//! When each connection was last tried, and what kept that from being done. Memory only: what a try finds out about a
//! connection is an event, that there was one is not.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// More than these, and all are forgotten: they are known again after the next round.
const MOST: usize = 100_000;

/// The last try of each integration in this process.
#[derive(Debug, Default)]
pub(crate) struct Trials(Mutex<HashMap<Uuid, Trial>>);

/// A try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trial {
    /// When.
    pub at: DateTime<Utc>,
    /// Why it came to nothing, for people: it says nothing of the connection.
    pub problem: Option<String>,
}

impl Trials {
    /// Remembers the last try of an integration.
    pub fn note(&self, integration: Uuid, trial: Trial) {
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trials.len() >= MOST {
            trials.clear();
        }
        trials.insert(integration, trial);
    }

    /// The last try of an integration, if it was tried here.
    pub fn last(&self, integration: Uuid) -> Option<Trial> {
        let trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trials.get(&integration).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_try_counts_and_too_many_are_forgotten() {
        let trials = Trials::default();
        let trial = |seconds, problem: Option<&str>| Trial {
            at: DateTime::from_timestamp(seconds, 0).unwrap(),
            problem: problem.map(str::to_owned),
        };
        let one = Uuid::from_u128(1);
        assert_eq!(trials.last(one), None);
        trials.note(one, trial(1, Some("no answer")));
        trials.note(one, trial(2, None));
        assert_eq!(trials.last(one), Some(trial(2, None)));
        for number in 2..=MOST + 1 {
            trials.note(Uuid::from_u128(number as u128), trial(3, None));
        }
        assert_eq!(trials.last(one), None);
    }
}
