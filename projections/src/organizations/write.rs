//! Writes `organizations`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::organization::{OrganizationEvent, Profile};
use sqlx::{PgConnection, types::Json};

use super::row::Row;
use crate::Recorded;

/// Writes what `events` say; applying them again changes nothing.
///
/// What an event makes of a row depends on the row, so the rows are read first. The transaction holds the checkpoint, so
/// that nobody else writes them meanwhile.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<OrganizationEvent>]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = load(connection, events).await?;
    let mut changed: BTreeMap<&str, Row> = BTreeMap::new();
    for event in events {
        let organization = event.organization.as_str();
        let row = rows
            .entry(organization.to_owned())
            .or_insert_with(|| Row::empty(&event.organization));
        if let Some(after) = row.after(event) {
            changed.insert(organization, after.clone());
            *row = after;
        }
    }
    let mut columns = Columns::default();
    for row in changed.into_values() {
        columns.push(row);
    }
    columns.upsert(connection).await
}

/// The rows that are there, as the last batch left them.
async fn load(
    connection: &mut PgConnection,
    events: &[Recorded<OrganizationEvent>],
) -> Result<BTreeMap<String, Row>, sqlx::Error> {
    let organizations: Vec<String> = events.iter().map(|event| event.organization.to_string()).collect();
    let found = sqlx::query!(
        r#"SELECT organization_id, name, slug, updated_at, profile AS "profile: Json<Profile>", profile_set_at, deleted_at,
                  sequence
           FROM organizations WHERE organization_id = ANY($1)"#,
        &organizations,
    )
    .fetch_all(connection)
    .await?;
    let rows = found.into_iter().map(|row| {
        let row = Row {
            organization_id: row.organization_id,
            name: row.name,
            slug: row.slug,
            updated_at: row.updated_at,
            profile: row.profile.map(|profile| profile.0),
            profile_set_at: row.profile_set_at,
            deleted_at: row.deleted_at,
            sequence: row.sequence,
        };
        (row.organization_id.clone(), row)
    });
    Ok(rows.collect())
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    name: Vec<Option<String>>,
    slug: Vec<Option<String>>,
    updated_at: Vec<Option<DateTime<Utc>>>,
    profile: Vec<Option<Json<Profile>>>,
    profile_set_at: Vec<Option<DateTime<Utc>>>,
    deleted_at: Vec<Option<DateTime<Utc>>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, row: Row) {
        self.organization_id.push(row.organization_id);
        self.name.push(row.name);
        self.slug.push(row.slug);
        self.updated_at.push(row.updated_at);
        self.profile.push(row.profile.map(Json));
        self.profile_set_at.push(row.profile_set_at);
        self.deleted_at.push(row.deleted_at);
        self.sequence.push(row.sequence);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.organization_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO organizations
                 (organization_id, name, slug, updated_at, profile, profile_set_at, deleted_at, sequence)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[], $6::timestamptz[],
                  $7::timestamptz[], $8::bigint[])
             ON CONFLICT (organization_id) DO UPDATE SET
                 name = excluded.name, slug = excluded.slug, updated_at = excluded.updated_at,
                 profile = excluded.profile, profile_set_at = excluded.profile_set_at,
                 deleted_at = excluded.deleted_at, sequence = excluded.sequence
             WHERE organizations.sequence < excluded.sequence",
            &self.organization_id,
            &self.name as &[Option<String>],
            &self.slug as &[Option<String>],
            &self.updated_at as &[Option<DateTime<Utc>>],
            &self.profile as &[Option<Json<Profile>>],
            &self.profile_set_at as &[Option<DateTime<Utc>>],
            &self.deleted_at as &[Option<DateTime<Utc>>],
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
