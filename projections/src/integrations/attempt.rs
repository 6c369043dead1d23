//! The attempts to authorize an integration that can still lead to something, as one column keeps them.

use chrono::{DateTime, Utc};
use infragpt_events::integration::AuthorizationStarted;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::column;

/// How many are kept, as the integration itself remembers no more: the oldest are long over.
const MOST: usize = 32;

/// An attempt that has neither failed nor led to something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub id: Uuid,
    pub requested_by: String,
    pub expires_at: DateTime<Utc>,
}

/// Open attempts in the order of their start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Attempts(Vec<Attempt>);

impl Attempts {
    pub fn start(&mut self, started: &AuthorizationStarted) {
        self.end(started.attempt);
        self.0.push(Attempt {
            id: started.attempt,
            requested_by: column::text(&started.requested_by),
            expires_at: column::time(started.expires_at),
        });
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    pub fn end(&mut self, attempt: Uuid) {
        self.0.retain(|open| open.id != attempt);
    }

    /// The newest: the one that can be finished longest, and of those that end together the one started last.
    pub fn newest(&self) -> Option<&Attempt> {
        self.0.iter().max_by_key(|open| open.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use infragpt_events::ConnectorKind;

    use super::*;

    fn started(number: u32, minutes: i64) -> AuthorizationStarted {
        AuthorizationStarted {
            connector: ConnectorKind::parse("slack").unwrap(),
            attempt: Uuid::from_u128(number.into()),
            requested_by: format!("user:{number}"),
            expires_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes),
        }
    }

    #[test]
    fn the_newest_is_the_last_to_end_and_then_the_last_to_start() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.newest(), None);
        for (number, minutes) in [(1, 20), (2, 30), (3, 30), (4, 10)] {
            attempts.start(&started(number, minutes));
        }
        let mut order = Vec::new();
        while let Some(newest) = attempts.newest().cloned() {
            order.push(newest.requested_by);
            attempts.end(newest.id);
        }
        assert_eq!(order, ["user:3", "user:2", "user:1", "user:4"]);
    }

    #[test]
    fn a_row_does_not_grow_without_end() {
        let mut attempts = Attempts::default();
        for number in 0..40 {
            attempts.start(&started(number, 100 - i64::from(number)));
        }
        assert_eq!(attempts.0.len(), MOST);
        assert_eq!(attempts.newest().unwrap().requested_by, "user:8", "the oldest are gone");
    }
}
