//! Writes `users`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::user::UserEvent;
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
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<UserEvent>]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let users: Vec<String> = events.iter().map(|event| column::key(about(&event.event))).collect();
    let mut rows = load(connection, &users).await?;
    let mut changed: BTreeMap<String, Row> = BTreeMap::new();
    for (event, user) in events.iter().zip(users) {
        let after = match rows.get(&user) {
            Some(row) => row.after(event),
            None => Row::first(event),
        };
        if let Some(row) = after {
            changed.insert(user.clone(), row.clone());
            rows.insert(user, row);
        }
    }
    let mut columns = Columns::default();
    for row in changed.into_values() {
        columns.push(row);
    }
    columns.upsert(connection).await
}

/// The rows that are there, as the last batch left them.
async fn load(connection: &mut PgConnection, users: &[String]) -> Result<BTreeMap<String, Row>, sqlx::Error> {
    let found = sqlx::query_as!(
        Row,
        "SELECT user_id, name, email, updated_at, deleted_at, sequence FROM users WHERE user_id = ANY($1)",
        users,
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(|row| (row.user_id.clone(), row)).collect())
}

#[derive(Default)]
struct Columns {
    user_id: Vec<String>,
    name: Vec<Option<String>>,
    email: Vec<Option<String>>,
    updated_at: Vec<Option<DateTime<Utc>>>,
    deleted_at: Vec<Option<DateTime<Utc>>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, row: Row) {
        self.user_id.push(row.user_id);
        self.name.push(row.name);
        self.email.push(row.email);
        self.updated_at.push(row.updated_at);
        self.deleted_at.push(row.deleted_at);
        self.sequence.push(row.sequence);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.user_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO users (user_id, name, email, updated_at, deleted_at, sequence)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
             ON CONFLICT (user_id) DO UPDATE SET
                 name = excluded.name, email = excluded.email, updated_at = excluded.updated_at,
                 deleted_at = excluded.deleted_at, sequence = excluded.sequence
             WHERE users.sequence < excluded.sequence",
            &self.user_id,
            &self.name as &[Option<String>],
            &self.email as &[Option<String>],
            &self.updated_at as &[Option<DateTime<Utc>>],
            &self.deleted_at as &[Option<DateTime<Utc>>],
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
