//! What events make of one organization's row. It follows the aggregate.

use chrono::{DateTime, Utc};
use infragpt_events::{
    OrganizationId,
    organization::{OrganizationEvent, Profile},
};

use crate::{Recorded, column};

/// A row of `organizations`, its values in the form that PostgreSQL holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub organization_id: String,
    pub name: Option<String>,
    pub slug: Option<String>,
    pub updated_at: Option<DateTime<Utc>>,
    pub profile: Option<Profile>,
    pub profile_set_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
    /// The place of the last event that shaped it.
    pub sequence: i64,
}

impl Row {
    /// The row of an organization that nobody has heard of.
    pub fn empty(organization: &OrganizationId) -> Self {
        Self {
            organization_id: organization.as_str().to_owned(),
            sequence: -1,
            ..Self::default()
        }
    }

    /// The row after `event`; none when it was applied before, or the organization is gone.
    pub fn after(&self, event: &Recorded<OrganizationEvent>) -> Option<Self> {
        let sequence = column::sequence(event.sequence);
        if sequence <= self.sequence || self.deleted_at.is_some() {
            return None;
        }
        let mut row = Self {
            sequence,
            ..self.clone()
        };
        match &event.event {
            OrganizationEvent::Created(created) => {
                row.describe(&created.name, created.slug.as_deref(), created.updated_at);
            }
            OrganizationEvent::Renamed(renamed) => {
                row.describe(&renamed.name, renamed.slug.as_deref(), renamed.updated_at);
            }
            OrganizationEvent::Confirmed(confirmed) => {
                // Before it has a name there is none to confirm.
                row.updated_at = row.updated_at.and(Some(column::time(confirmed.updated_at)));
            }
            OrganizationEvent::ProfileSet(set) => {
                row.profile = Some(set.profile.clone());
                row.profile_set_at = Some(column::time(event.time));
            }
            // That it has a member says that it is there.
            OrganizationEvent::MemberAdded(_)
            | OrganizationEvent::MemberRoleChanged(_)
            | OrganizationEvent::MemberConfirmed(_)
            | OrganizationEvent::MemberRemoved(_) => {}
            OrganizationEvent::Deleted(_) | OrganizationEvent::Erased(_) => {
                row = Self {
                    deleted_at: Some(column::time(event.time)),
                    sequence,
                    ..Self::empty(&event.organization)
                };
            }
        }
        Some(row)
    }

    fn describe(&mut self, name: &str, slug: Option<&str>, updated_at: DateTime<Utc>) {
        self.name = Some(column::text(name));
        self.slug = column::optional(slug);
        self.updated_at = Some(column::time(updated_at));
    }
}
