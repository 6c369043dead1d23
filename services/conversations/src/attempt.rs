//! What this process remembers of questions that it began to answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_nats::Received;
use uuid::Uuid;

use crate::outcome::Outcome;

/// How old a first delivery may be before its answer may stand in the thread already: a process that was killed, or a
/// consumer that was made anew, delivers for the first time what somebody else has worked on.
const FRESH: TimeDelta = TimeDelta::seconds(2);

/// How far a question came in this process. It is forgotten once its answer is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Begun; it may or may not have been posted.
    Begun,
    /// This stands in the thread, or never will, and only has to be recorded.
    Decided(Outcome),
}

/// The questions that are being answered, by the identity of their answers.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    attempts: Mutex<HashMap<Uuid, Attempt>>,
}

impl Attempts {
    /// Notes that the question is begun; what was noted before is returned and kept.
    pub fn begin(&self, answer_id: Uuid) -> Option<Attempt> {
        let mut attempts = self.lock();
        let before = attempts.get(&answer_id).cloned();
        attempts.entry(answer_id).or_insert(Attempt::Begun);
        before
    }

    /// Notes what only has to be recorded.
    pub fn decide(&self, answer_id: Uuid, outcome: Outcome) {
        self.lock().insert(answer_id, Attempt::Decided(outcome));
    }

    /// Forgets a question that is done.
    pub fn end(&self, answer_id: Uuid) {
        self.lock().remove(&answer_id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody may have worked on this request before: then the log is read and the thread is looked at first.
/// Where not, both round trips are saved, which is the rule.
pub(crate) fn may_be_repeated(received: &Received, before: Option<&Attempt>, now: DateTime<Utc>) -> bool {
    before.is_some() || received.delivered != 1 || now - received.published > FRESH
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use infragpt_nats::Envelope;

    use super::*;

    fn received(delivered: u64) -> Received {
        Received {
            envelope: Envelope::default(),
            payload: Bytes::new(),
            stream: "EVENTS".to_owned(),
            subject: "events.conversation.acme.1.answer_requested".to_owned(),
            sequence: 1,
            published: DateTime::UNIX_EPOCH,
            delivered,
        }
    }

    #[test]
    fn a_fresh_first_delivery_is_nobodys_else() {
        let soon = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(3);
        assert!(!may_be_repeated(&received(1), None, soon));
    }

    #[test]
    fn a_redelivery_an_old_one_and_a_second_try_may_have_been_posted() {
        let soon = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(3);
        assert!(may_be_repeated(&received(2), None, soon));
        assert!(may_be_repeated(&received(0), None, soon));
        assert!(may_be_repeated(&received(1), Some(&Attempt::Begun), soon));
        assert!(may_be_repeated(
            &received(1),
            None,
            DateTime::UNIX_EPOCH + TimeDelta::seconds(3)
        ));
    }

    #[test]
    fn a_clock_that_is_behind_the_servers_does_no_harm() {
        assert!(!may_be_repeated(
            &received(1),
            None,
            DateTime::UNIX_EPOCH - TimeDelta::minutes(1)
        ));
    }

    #[test]
    fn an_attempt_is_remembered_until_it_ends() {
        let attempts = Attempts::default();
        let id = Uuid::from_u128(1);
        assert_eq!(attempts.begin(id), None);
        assert_eq!(attempts.begin(id), Some(Attempt::Begun));
        let outcome = Outcome::Failed {
            reason: "gone".to_owned(),
            posted_id: None,
        };
        attempts.decide(id, outcome.clone());
        assert_eq!(attempts.begin(id), Some(Attempt::Decided(outcome)));
        attempts.end(id);
        assert_eq!(attempts.begin(id), None);
    }
}
