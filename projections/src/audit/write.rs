//! Writes `audit_records`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::audit::AuditEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Recorded, column};

/// Writes what `events` say; applying them again changes nothing. A record is written once, so the first event of an
/// identity is the one that counts.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<AuditEvent>]) -> Result<(), sqlx::Error> {
    let mut first = BTreeMap::new();
    for event in events {
        first.entry(event.aggregate).or_insert(event);
    }
    if first.is_empty() {
        return Ok(());
    }
    let mut rows = Columns::default();
    for event in first.into_values() {
        rows.push(event);
    }
    rows.insert(connection).await
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    id: Vec<Uuid>,
    action: Vec<String>,
    connector: Vec<Option<String>>,
    integration_id: Vec<Option<Uuid>>,
    purpose: Vec<Option<String>>,
    refused: Vec<Option<String>>,
    count: Vec<i64>,
    actor: Vec<Option<String>>,
    correlation_id: Vec<Option<String>>,
    first_at: Vec<DateTime<Utc>>,
    last_at: Vec<DateTime<Utc>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, event: &Recorded<AuditEvent>) {
        let AuditEvent::Recorded(record) = &event.event;
        self.organization_id.push(event.organization.as_str().to_owned());
        self.id.push(event.aggregate);
        self.action.push(record.action.as_str().to_owned());
        self.connector
            .push(record.connector.as_ref().map(|kind| kind.as_str().to_owned()));
        self.integration_id.push(record.integration);
        self.purpose.push(column::optional(record.purpose.as_deref()));
        self.refused.push(column::optional(record.refused.as_deref()));
        self.count.push(i64::try_from(record.count).unwrap_or(i64::MAX));
        self.actor.push(column::optional(event.actor.as_deref()));
        // In the form that the event index is searched by.
        self.correlation_id.push(event.correlation.as_deref().map(column::key));
        self.first_at.push(column::time(record.first_at));
        self.last_at.push(column::time(record.last_at));
        self.sequence.push(column::sequence(event.sequence));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "INSERT INTO audit_records
                 (organization_id, id, action, connector, integration_id, purpose, refused, count, actor, correlation_id,
                  first_at, last_at, sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                  $8::bigint[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::bigint[])
             ON CONFLICT (id) DO NOTHING",
            &self.organization_id,
            &self.id,
            &self.action,
            &self.connector as &[Option<String>],
            &self.integration_id as &[Option<Uuid>],
            &self.purpose as &[Option<String>],
            &self.refused as &[Option<String>],
            &self.count,
            &self.actor as &[Option<String>],
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
