//! Writes `members`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::organization::OrganizationEvent;
use sqlx::PgConnection;

use super::row::{Row, about};
use crate::{Recorded, column};

/// Writes what `events` say; applying them again changes nothing.
///
/// What an event makes of a row depends on the row, so the rows are read first. The transaction holds the checkpoint, so
/// that nobody else writes them meanwhile.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<OrganizationEvent>]) -> Result<(), sqlx::Error> {
    let events: Vec<(Key, &Recorded<OrganizationEvent>)> = events
        .iter()
        .filter_map(|event| {
            let (membership, _) = about(&event.event)?;
            Some(((event.organization.to_string(), column::key(membership)), event))
        })
        .collect();
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = load(connection, events.iter().map(|(key, _)| key)).await?;
    let mut changed: BTreeMap<Key, Row> = BTreeMap::new();
    for (key, event) in events {
        let after = match rows.get(&key) {
            Some(row) => row.after(event),
            None => Row::first(event),
        };
        if let Some(row) = after {
            changed.insert(key.clone(), row.clone());
            rows.insert(key, row);
        }
    }
    let mut columns = Columns::default();
    for row in changed.into_values() {
        columns.push(row);
    }
    columns.upsert(connection).await
}

/// Organization and membership.
type Key = (String, String);

/// The rows that are there, as the last batch left them.
async fn load(
    connection: &mut PgConnection,
    keys: impl Iterator<Item = &Key>,
) -> Result<BTreeMap<Key, Row>, sqlx::Error> {
    let (organizations, memberships): (Vec<String>, Vec<String>) = keys.cloned().unzip();
    let found = sqlx::query_as!(
        Row,
        "SELECT organization_id, membership_id, user_id, role, since, updated_at, removed_at, sequence
         FROM members WHERE (organization_id, membership_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
        &organizations,
        &memberships,
    )
    .fetch_all(connection)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| ((row.organization_id.clone(), row.membership_id.clone()), row))
        .collect())
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    membership_id: Vec<String>,
    user_id: Vec<String>,
    role: Vec<String>,
    since: Vec<DateTime<Utc>>,
    updated_at: Vec<DateTime<Utc>>,
    removed_at: Vec<Option<DateTime<Utc>>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, row: Row) {
        self.organization_id.push(row.organization_id);
        self.membership_id.push(row.membership_id);
        self.user_id.push(row.user_id);
        self.role.push(row.role);
        self.since.push(row.since);
        self.updated_at.push(row.updated_at);
        self.removed_at.push(row.removed_at);
        self.sequence.push(row.sequence);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.organization_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO members
                 (organization_id, membership_id, user_id, role, since, updated_at, removed_at, sequence)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                  $7::timestamptz[], $8::bigint[])
             ON CONFLICT (organization_id, membership_id) DO UPDATE SET
                 user_id = excluded.user_id, role = excluded.role, since = excluded.since,
                 updated_at = excluded.updated_at, removed_at = excluded.removed_at, sequence = excluded.sequence
             WHERE members.sequence < excluded.sequence",
            &self.organization_id,
            &self.membership_id,
            &self.user_id,
            &self.role,
            &self.since,
            &self.updated_at,
            &self.removed_at as &[Option<DateTime<Utc>>],
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
