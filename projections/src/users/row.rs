//! What events make of one person's row. It follows the aggregate.

use chrono::{DateTime, Utc};
use infragpt_events::user::UserEvent;

use crate::{Recorded, column};

/// A row of `users`, its values in the form that PostgreSQL holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub user_id: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub updated_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
    /// The place of the last event that shaped it.
    pub sequence: i64,
}

/// Whom an event is about.
pub(crate) fn about(event: &UserEvent) -> &str {
    match event {
        UserEvent::Registered(registered) => &registered.user,
        UserEvent::Updated(updated) => &updated.user,
        UserEvent::Confirmed(confirmed) => &confirmed.user,
        UserEvent::Deleted(deleted) => &deleted.user,
        UserEvent::Erased(erased) => &erased.user,
    }
}

impl Row {
    /// The row that an event makes where there is none.
    pub fn first(event: &Recorded<UserEvent>) -> Option<Self> {
        if matches!(event.event, UserEvent::Confirmed(_)) {
            return None;
        }
        let nobody = Self {
            user_id: column::key(about(&event.event)),
            sequence: -1,
            ..Self::default()
        };
        nobody.after(event)
    }

    /// The row after `event`; none when it was applied before, or the person is gone.
    pub fn after(&self, event: &Recorded<UserEvent>) -> Option<Self> {
        let sequence = column::sequence(event.sequence);
        if sequence <= self.sequence || self.deleted_at.is_some() {
            return None;
        }
        let called = |name: &Option<String>, email: &Option<String>, updated_at| Self {
            name: column::optional(name.as_deref()),
            email: column::optional(email.as_deref()),
            updated_at: Some(column::time(updated_at)),
            sequence,
            ..self.clone()
        };
        Some(match &event.event {
            UserEvent::Registered(registered) => called(&registered.name, &registered.email, registered.updated_at),
            UserEvent::Updated(updated) => called(&updated.name, &updated.email, updated.updated_at),
            UserEvent::Confirmed(confirmed) => Self {
                updated_at: Some(column::time(confirmed.updated_at)),
                sequence,
                ..self.clone()
            },
            UserEvent::Deleted(_) | UserEvent::Erased(_) => Self {
                user_id: self.user_id.clone(),
                deleted_at: Some(column::time(event.time)),
                sequence,
                ..Self::default()
            },
        })
    }
}
