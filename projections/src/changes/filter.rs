//! Which changes are wanted, and from where on.

use chrono::{DateTime, Utc};
use infragpt_events::change::ChangeKind;
use serde::{Deserialize, Serialize};

use crate::column;

/// Which changes are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this repository, in any case.
    pub repository: Option<String>,
    /// Only these kinds; all of them when empty.
    pub kinds: Vec<ChangeKind>,
    /// Only what somebody with this identifier or name did, in any case.
    pub actor: Option<String>,
    /// From this time on.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

impl Filter {
    /// From which time on.
    pub(super) fn from(&self) -> DateTime<Utc> {
        column::time(self.since.unwrap_or(DateTime::<Utc>::MIN_UTC))
    }
}

/// Where a page of changes ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// When the last of them happened.
    pub occurred_at: DateTime<Utc>,
    /// The place in the log of the last of them.
    pub sequence: i64,
}

/// What a page has to come before: the end of the last one, or of the time that was asked for.
pub(super) fn before(until: Option<DateTime<Utc>>, after: Option<&Key>) -> Key {
    let until = Key {
        occurred_at: column::time(until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
        // At that very time nothing stands before this place, and without a time nothing stands behind it.
        sequence: if until.is_some() { i64::MIN } else { i64::MAX },
    };
    match after {
        Some(key) => until.min(Key {
            occurred_at: column::time(key.occurred_at),
            ..key.clone()
        }),
        None => until,
    }
}
