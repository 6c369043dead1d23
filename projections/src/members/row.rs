//! What events make of one membership's row. It follows the aggregate.

use chrono::{DateTime, Utc};
use infragpt_events::organization::{OrganizationEvent, Role};

use crate::{Recorded, column};

/// A row of `members`, its values in the form that PostgreSQL holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub organization_id: String,
    pub membership_id: String,
    pub user_id: String,
    pub role: String,
    pub since: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub removed_at: Option<DateTime<Utc>>,
    /// The place of the last event that shaped it.
    pub sequence: i64,
}

/// The membership that an event is about, and whose it is.
pub(crate) fn about(event: &OrganizationEvent) -> Option<(&str, &str)> {
    match event {
        OrganizationEvent::MemberAdded(added) => Some((&added.membership, &added.user)),
        OrganizationEvent::MemberRoleChanged(changed) => Some((&changed.membership, &changed.user)),
        OrganizationEvent::MemberConfirmed(confirmed) => Some((&confirmed.membership, &confirmed.user)),
        OrganizationEvent::MemberRemoved(removed) => Some((&removed.membership, &removed.user)),
        OrganizationEvent::Created(_)
        | OrganizationEvent::Renamed(_)
        | OrganizationEvent::Confirmed(_)
        | OrganizationEvent::ProfileSet(_)
        | OrganizationEvent::Deleted(_)
        | OrganizationEvent::Erased(_) => None,
    }
}

impl Row {
    /// The row that an event makes where there is none. That a membership ended can be all that was heard of it.
    pub fn first(event: &Recorded<OrganizationEvent>) -> Option<Self> {
        let (membership, user) = about(&event.event)?;
        if matches!(event.event, OrganizationEvent::MemberConfirmed(_)) {
            return None;
        }
        let unknown = Self {
            organization_id: event.organization.as_str().to_owned(),
            membership_id: column::key(membership),
            user_id: column::key(user),
            role: Role::Member.as_str().to_owned(),
            since: column::time(event.time),
            updated_at: column::time(event.time),
            removed_at: None,
            sequence: -1,
        };
        unknown.after(event)
    }

    /// The row after `event`; none when it was applied before, or the membership ended.
    pub fn after(&self, event: &Recorded<OrganizationEvent>) -> Option<Self> {
        let sequence = column::sequence(event.sequence);
        if sequence <= self.sequence || self.removed_at.is_some() {
            return None;
        }
        let taken = |user: &str, role: Role, updated_at| Self {
            user_id: column::key(user),
            role: role.as_str().to_owned(),
            updated_at: column::time(updated_at),
            sequence,
            ..self.clone()
        };
        match &event.event {
            OrganizationEvent::MemberAdded(added) => Some(taken(&added.user, added.role, added.updated_at)),
            OrganizationEvent::MemberRoleChanged(changed) => {
                Some(taken(&changed.user, changed.role, changed.updated_at))
            }
            OrganizationEvent::MemberConfirmed(confirmed) => Some(Self {
                updated_at: column::time(confirmed.updated_at),
                sequence,
                ..self.clone()
            }),
            OrganizationEvent::MemberRemoved(_) => Some(Self {
                removed_at: Some(column::time(event.time)),
                sequence,
                ..self.clone()
            }),
            _ => None,
        }
    }
}
