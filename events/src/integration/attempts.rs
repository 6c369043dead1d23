//! Attempts to authorize: each is used once, by who started it, before its time is over.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{command::Refusal, event::IntegrationEvent};

/// How many attempts are remembered. An older one is as if it had never been: it has long expired, or somebody is
/// starting them by the dozen.
const MOST: usize = 32;

/// How many journeys an attempt may have: no system needs more, and each is an event.
const MOST_LEGS: u32 = 3;

/// The attempts that are remembered, in the order of their start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempts {
    order: Vec<Uuid>,
    by_id: BTreeMap<Uuid, Attempt>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Attempt {
    /// It can be finished.
    Open {
        requested_by: String,
        expires_at: DateTime<Utc>,
        /// How many of its journeys have ended.
        legs: u32,
    },
    /// It led to something, or to nothing.
    Ended,
}

impl Attempts {
    /// Whether one can still be finished at `now`.
    pub fn any_open(&self, now: DateTime<Utc>) -> bool {
        self.by_id
            .values()
            .any(|attempt| matches!(attempt, Attempt::Open { expires_at, .. } if *expires_at > now))
    }

    /// When the last of those that nobody finished expired, if that was before `now`.
    pub fn over_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let open = self.by_id.values().filter_map(|attempt| match attempt {
            Attempt::Open { expires_at, .. } => Some(*expires_at),
            Attempt::Ended => None,
        });
        open.max().filter(|expired| *expired <= now)
    }

    /// Whether this one was started, also if it has ended since.
    pub(super) fn knows(&self, attempt: Uuid) -> bool {
        self.by_id.contains_key(&attempt)
    }

    /// Checks that journey `leg` of an attempt can end now.
    pub(super) fn check_return(
        &self,
        attempt: Uuid,
        leg: u32,
        by: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        match self.by_id.get(&attempt) {
            None => Err(Refusal::AttemptUnknown),
            Some(Attempt::Ended) => Err(Refusal::AttemptUsed),
            Some(Attempt::Open { legs, .. }) if leg <= *legs => Err(Refusal::AttemptUsed),
            Some(Attempt::Open { legs, .. }) if leg > legs + 1 || leg > MOST_LEGS => Err(Refusal::AttemptUnknown),
            Some(Attempt::Open { expires_at, .. }) if *expires_at <= now => Err(Refusal::AttemptExpired),
            Some(Attempt::Open { requested_by, .. }) if by.is_some_and(|by| by != requested_by) => {
                Err(Refusal::AttemptOfAnother)
            }
            Some(Attempt::Open { .. }) => Ok(()),
        }
    }

    /// Checks that an attempt came back and has not ended.
    pub(super) fn check_finish(&self, attempt: Uuid) -> Result<(), Refusal> {
        match self.by_id.get(&attempt) {
            Some(Attempt::Open { legs: 1.., .. }) => Ok(()),
            Some(Attempt::Ended) => Err(Refusal::AttemptUsed),
            Some(Attempt::Open { .. }) | None => Err(Refusal::AttemptUnknown),
        }
    }

    /// Whether it can still fail.
    pub(super) fn is_open(&self, attempt: Uuid) -> bool {
        matches!(self.by_id.get(&attempt), Some(Attempt::Open { .. }))
    }

    pub(super) fn after(mut self, event: &IntegrationEvent) -> Self {
        match event {
            IntegrationEvent::AuthorizationStarted(started) => {
                let open = Attempt::Open {
                    requested_by: started.requested_by.clone(),
                    expires_at: started.expires_at,
                    legs: 0,
                };
                if self.by_id.insert(started.attempt, open).is_none() {
                    self.order.push(started.attempt);
                }
                if self.order.len() > MOST {
                    self.by_id.remove(&self.order.remove(0));
                }
            }
            IntegrationEvent::AuthorizationReturned(returned) => {
                if let Some(Attempt::Open { legs, .. }) = self.by_id.get_mut(&returned.attempt) {
                    *legs = returned.leg;
                }
            }
            IntegrationEvent::AuthorizationFailed(failed) => self.end(failed.attempt),
            IntegrationEvent::Authorized(authorized) => {
                if let Some(attempt) = authorized.attempt {
                    self.end(attempt);
                }
            }
            _ => {}
        }
        self
    }

    fn end(&mut self, attempt: Uuid) {
        if let Some(known) = self.by_id.get_mut(&attempt) {
            *known = Attempt::Ended;
        }
    }
}
