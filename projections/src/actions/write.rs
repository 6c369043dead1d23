//! Writes `actions`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::action::ActionEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::Row;
use crate::Recorded;

/// Writes what `events` say; applying them again changes nothing.
///
/// What an event makes of a row depends on the row, so the rows are read first. The transaction holds the checkpoint, so
/// that nobody else writes them meanwhile.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<ActionEvent>]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = load(connection, events).await?;
    let mut changed: BTreeMap<Key, Row> = BTreeMap::new();
    for event in events {
        let key = key(event);
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

/// Organization and action.
type Key = (String, Uuid);

fn key(event: &Recorded<ActionEvent>) -> Key {
    (event.organization.to_string(), event.aggregate)
}

/// The rows that are there, as the last batch left them.
async fn load(
    connection: &mut PgConnection,
    events: &[Recorded<ActionEvent>],
) -> Result<BTreeMap<Key, Row>, sqlx::Error> {
    let (organizations, ids): (Vec<String>, Vec<Uuid>) = events.iter().map(key).unzip();
    let found = sqlx::query_as!(
        Row,
        "SELECT organization_id, id, conversation_id, answer_id, title, tool, arguments, reason, state, decided_by,
                decided_at, outcome, proposed_at, expires_at, sequence
         FROM actions WHERE (organization_id, id) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))",
        &organizations,
        &ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| ((row.organization_id.clone(), row.id), row))
        .collect())
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    id: Vec<Uuid>,
    conversation_id: Vec<Uuid>,
    answer_id: Vec<Uuid>,
    title: Vec<String>,
    tool: Vec<String>,
    arguments: Vec<serde_json::Value>,
    reason: Vec<String>,
    state: Vec<String>,
    decided_by: Vec<Option<String>>,
    decided_at: Vec<Option<DateTime<Utc>>>,
    outcome: Vec<Option<String>>,
    proposed_at: Vec<DateTime<Utc>>,
    expires_at: Vec<DateTime<Utc>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, row: Row) {
        self.organization_id.push(row.organization_id);
        self.id.push(row.id);
        self.conversation_id.push(row.conversation_id);
        self.answer_id.push(row.answer_id);
        self.title.push(row.title);
        self.tool.push(row.tool);
        self.arguments.push(row.arguments);
        self.reason.push(row.reason);
        self.state.push(row.state);
        self.decided_by.push(row.decided_by);
        self.decided_at.push(row.decided_at);
        self.outcome.push(row.outcome);
        self.proposed_at.push(row.proposed_at);
        self.expires_at.push(row.expires_at);
        self.sequence.push(row.sequence);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        // What was proposed stays what it was.
        sqlx::query!(
            "INSERT INTO actions
                 (organization_id, id, conversation_id, answer_id, title, tool, arguments, reason, state, decided_by,
                  decided_at, outcome, proposed_at, expires_at, sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[],
                  $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[], $13::timestamptz[],
                  $14::timestamptz[], $15::bigint[])
             ON CONFLICT (organization_id, id) DO UPDATE SET
                 state = excluded.state, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
                 outcome = excluded.outcome, sequence = excluded.sequence
             WHERE actions.sequence < excluded.sequence",
            &self.organization_id,
            &self.id,
            &self.conversation_id,
            &self.answer_id,
            &self.title,
            &self.tool,
            &self.arguments,
            &self.reason,
            &self.state,
            &self.decided_by as &[Option<String>],
            &self.decided_at as &[Option<DateTime<Utc>>],
            &self.outcome as &[Option<String>],
            &self.proposed_at,
            &self.expires_at,
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
