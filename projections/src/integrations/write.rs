//! Writes `integrations`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::integration::IntegrationEvent;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{
    attempt::Attempts,
    row::{Row, Standing},
};
use crate::Recorded;

/// Writes what `events` say; applying them again changes nothing.
///
/// What an event makes of a row depends on the row, so the rows are read first. The transaction holds the checkpoint, so
/// that nobody else writes them meanwhile.
///
/// # Errors
/// When PostgreSQL refuses or is gone.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<IntegrationEvent>]) -> Result<(), sqlx::Error> {
    let mut ids: Vec<Uuid> = events.iter().map(|event| event.aggregate).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let mut rows = load(connection, &ids).await?;
    let mut changed: BTreeMap<Uuid, Row> = BTreeMap::new();
    for event in events {
        let after = match rows.get(&event.aggregate) {
            Some(row) => row.after(event),
            None => Row::first(event),
        };
        if let Some(row) = after {
            changed.insert(event.aggregate, row.clone());
            rows.insert(event.aggregate, row);
        }
    }
    let mut columns = Columns::default();
    for row in changed.into_values() {
        columns.push(row);
    }
    columns.upsert(connection).await
}

/// The rows that are there, as the last batch left them.
async fn load(connection: &mut PgConnection, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Row>, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT organization_id, id, connector, state, reason, account_id, account_name, bot_user, scopes,
                  authorized_at, changed_at, open_attempts AS "open_attempts: Json<Attempts>", requested_by,
                  attempt_failure, synchronized_at, sequence
           FROM integrations WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut rows = BTreeMap::new();
    for row in found {
        let standing = Standing::read(&row.state, row.reason)
            .ok_or_else(|| sqlx::Error::Decode(format!("no integration is `{}`", row.state).into()))?;
        let row = Row {
            organization_id: row.organization_id,
            id: row.id,
            connector: row.connector,
            standing,
            account_id: row.account_id,
            account_name: row.account_name,
            bot_user: row.bot_user,
            scopes: row.scopes,
            authorized_at: row.authorized_at,
            changed_at: row.changed_at,
            open_attempts: row.open_attempts.0,
            requested_by: row.requested_by,
            attempt_failure: row.attempt_failure,
            synchronized_at: row.synchronized_at,
            sequence: row.sequence,
        };
        rows.insert(row.id, row);
    }
    Ok(rows)
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    id: Vec<Uuid>,
    connector: Vec<String>,
    state: Vec<String>,
    reason: Vec<Option<String>>,
    account_id: Vec<Option<String>>,
    account_name: Vec<Option<String>>,
    bot_user: Vec<Option<String>>,
    scopes: Vec<serde_json::Value>,
    authorized_at: Vec<Option<DateTime<Utc>>>,
    changed_at: Vec<DateTime<Utc>>,
    open_attempts: Vec<Json<Attempts>>,
    attempt: Vec<Option<Uuid>>,
    pending_until: Vec<Option<DateTime<Utc>>>,
    requested_by: Vec<Option<String>>,
    attempt_failure: Vec<Option<String>>,
    synchronized_at: Vec<Option<DateTime<Utc>>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, row: Row) {
        let newest = row.open_attempts.newest();
        self.attempt.push(newest.map(|attempt| attempt.id));
        self.pending_until.push(newest.map(|attempt| attempt.expires_at));
        self.organization_id.push(row.organization_id);
        self.id.push(row.id);
        self.connector.push(row.connector);
        self.state.push(row.standing.state().to_owned());
        self.reason.push(row.standing.reason().map(str::to_owned));
        self.account_id.push(row.account_id);
        self.account_name.push(row.account_name);
        self.bot_user.push(row.bot_user);
        self.scopes.push(row.scopes);
        self.authorized_at.push(row.authorized_at);
        self.changed_at.push(row.changed_at);
        self.open_attempts.push(Json(row.open_attempts));
        self.requested_by.push(row.requested_by);
        self.attempt_failure.push(row.attempt_failure);
        self.synchronized_at.push(row.synchronized_at);
        self.sequence.push(row.sequence);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        // A row keeps its organization and connector: its identity is made of them.
        sqlx::query!(
            "INSERT INTO integrations
                 (organization_id, id, connector, state, reason, account_id, account_name, bot_user, scopes,
                  authorized_at, changed_at, open_attempts, attempt, pending_until, requested_by, attempt_failure,
                  synchronized_at, sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::text[], $9::jsonb[], $10::timestamptz[], $11::timestamptz[], $12::jsonb[], $13::uuid[],
                  $14::timestamptz[], $15::text[], $16::text[], $17::timestamptz[], $18::bigint[])
             ON CONFLICT (id) DO UPDATE SET
                 state = excluded.state, reason = excluded.reason,
                 account_id = excluded.account_id, account_name = excluded.account_name, bot_user = excluded.bot_user,
                 scopes = excluded.scopes, authorized_at = excluded.authorized_at, changed_at = excluded.changed_at,
                 open_attempts = excluded.open_attempts, attempt = excluded.attempt,
                 pending_until = excluded.pending_until, requested_by = excluded.requested_by,
                 attempt_failure = excluded.attempt_failure, synchronized_at = excluded.synchronized_at,
                 sequence = excluded.sequence
             WHERE integrations.sequence < excluded.sequence",
            &self.organization_id,
            &self.id,
            &self.connector,
            &self.state,
            &self.reason as &[Option<String>],
            &self.account_id as &[Option<String>],
            &self.account_name as &[Option<String>],
            &self.bot_user as &[Option<String>],
            &self.scopes,
            &self.authorized_at as &[Option<DateTime<Utc>>],
            &self.changed_at,
            &self.open_attempts as &[Json<Attempts>],
            &self.attempt as &[Option<Uuid>],
            &self.pending_until as &[Option<DateTime<Utc>>],
            &self.requested_by as &[Option<String>],
            &self.attempt_failure as &[Option<String>],
            &self.synchronized_at as &[Option<DateTime<Utc>>],
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
