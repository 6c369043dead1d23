//! Writes `audit_records`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::entry::Entry;
use crate::column;

/// Writes the entries of a batch; applying them again changes nothing. Of entries with one identity the first in the log
/// counts.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub(crate) async fn apply(connection: &mut PgConnection, entries: Vec<Entry<'_>>) -> Result<(), sqlx::Error> {
    let mut first: BTreeMap<Uuid, Entry<'_>> = BTreeMap::new();
    for entry in entries {
        match first.get(&entry.id) {
            Some(known) if known.sequence <= entry.sequence => {}
            _ => drop(first.insert(entry.id, entry)),
        }
    }
    if first.is_empty() {
        return Ok(());
    }
    let mut rows = Columns::default();
    for entry in first.into_values() {
        rows.push(entry);
    }
    rows.insert(connection).await
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    id: Vec<Uuid>,
    action: Vec<String>,
    subject_kind: Vec<String>,
    subject_id: Vec<String>,
    connector: Vec<Option<String>>,
    purpose: Vec<Option<String>>,
    outcome: Vec<String>,
    reason: Vec<Option<String>>,
    count: Vec<i64>,
    actor: Vec<Option<String>>,
    address: Vec<Option<String>>,
    request_id: Vec<Option<String>>,
    correlation_id: Vec<Option<String>>,
    first_at: Vec<DateTime<Utc>>,
    last_at: Vec<DateTime<Utc>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, entry: Entry<'_>) {
        self.organization_id.push(entry.organization.as_str().to_owned());
        self.id.push(entry.id);
        self.action.push(entry.action);
        self.subject_kind.push(entry.subject_kind.to_owned());
        self.subject_id.push(column::text(&entry.subject_id));
        self.connector
            .push(entry.connector.map(|kind| kind.as_str().to_owned()));
        self.purpose.push(column::optional(entry.purpose));
        self.outcome.push(entry.outcome.as_str().to_owned());
        self.reason.push(column::optional(entry.reason));
        self.count.push(i64::try_from(entry.count).unwrap_or(i64::MAX));
        // In the form that they are searched by.
        self.actor.push(entry.actor.map(column::key));
        self.address.push(column::optional(entry.address));
        self.request_id.push(column::optional(entry.request));
        self.correlation_id.push(entry.correlation.map(column::key));
        self.first_at.push(column::time(entry.first_at));
        self.last_at.push(column::time(entry.last_at));
        self.sequence.push(column::sequence(entry.sequence));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "INSERT INTO audit_records
                 (organization_id, id, action, subject_kind, subject_id, connector, purpose, outcome, reason, count, actor,
                  address, request_id, correlation_id, first_at, last_at, sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[],
                  $15::timestamptz[], $16::timestamptz[], $17::bigint[])
             ON CONFLICT (id) DO NOTHING",
            &self.organization_id,
            &self.id,
            &self.action,
            &self.subject_kind,
            &self.subject_id,
            &self.connector as &[Option<String>],
            &self.purpose as &[Option<String>],
            &self.outcome,
            &self.reason as &[Option<String>],
            &self.count,
            &self.actor as &[Option<String>],
            &self.address as &[Option<String>],
            &self.request_id as &[Option<String>],
            &self.correlation_id as &[Option<String>],
            &self.first_at,
            &self.last_at,
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
