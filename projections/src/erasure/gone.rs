//! Who is gone, of those whom a batch is about.

use std::{borrow::Cow, collections::BTreeSet};

use infragpt_events::organization::OrganizationEvent;
use sqlx::PgConnection;

use crate::{Recorded, batch::Events, column, members};

/// Deleted organizations and people. What comes late about them asks for nothing.
#[derive(Debug, Default)]
pub(crate) struct Gone {
    organizations: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Gone {
    /// Looks for those whom `events` are about, once the batch's own deletions are written.
    pub async fn find(connection: &mut PgConnection, events: &Events) -> Result<Self, sqlx::Error> {
        let mut organizations = BTreeSet::new();
        organizations.extend(events.organizations.iter().map(|event| event.organization.as_str()));
        organizations.extend(events.integrations.iter().map(|event| event.organization.as_str()));
        organizations.extend(events.changes.iter().map(|event| event.organization.as_str()));
        organizations.extend(events.conversations.iter().map(|event| event.organization.as_str()));
        organizations.extend(events.actions.iter().map(|event| event.organization.as_str()));
        organizations.extend(events.audit.iter().map(|event| event.organization.as_str()));
        if organizations.is_empty() {
            return Ok(Self::default());
        }
        let organizations: Vec<String> = organizations.into_iter().map(str::to_owned).collect();
        let organizations = sqlx::query_scalar!(
            "SELECT organization_id FROM organizations WHERE organization_id = ANY($1) AND deleted_at IS NOT NULL",
            &organizations,
        )
        .fetch_all(&mut *connection)
        .await?;
        let users: Vec<String> = events.organizations.iter().filter_map(user).collect();
        let users = if users.is_empty() {
            vec![]
        } else {
            sqlx::query_scalar!(
                "SELECT user_id FROM users WHERE user_id = ANY($1) AND deleted_at IS NOT NULL",
                &users,
            )
            .fetch_all(connection)
            .await?
        };
        Ok(Self {
            organizations: organizations.into_iter().collect(),
            users: users.into_iter().collect(),
        })
    }

    /// The events of organizations that are there.
    pub fn keep<'a, E: Clone>(&self, events: &'a [Recorded<E>]) -> Cow<'a, [Recorded<E>]> {
        keep(events, |event| {
            !self.organizations.contains(event.organization.as_str())
        })
    }

    /// As [`keep`](Self::keep), and of their members only those who are there.
    pub fn keep_members<'a>(
        &self,
        events: &'a [Recorded<OrganizationEvent>],
    ) -> Cow<'a, [Recorded<OrganizationEvent>]> {
        keep(events, |event| {
            !self.organizations.contains(event.organization.as_str())
                && user(event).is_none_or(|user| !self.users.contains(&user))
        })
    }
}

/// The person whose membership an event is about, as the tables call them.
fn user(event: &Recorded<OrganizationEvent>) -> Option<String> {
    members::about(&event.event).map(|(_, user)| column::key(user))
}

/// Nearly always everything, and then nothing is copied.
fn keep<T: Clone>(events: &[T], wanted: impl Fn(&T) -> bool) -> Cow<'_, [T]> {
    if events.iter().all(&wanted) {
        Cow::Borrowed(events)
    } else {
        Cow::Owned(events.iter().filter(|event| wanted(event)).cloned().collect())
    }
}
