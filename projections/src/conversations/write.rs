//! Writes `conversations`, and through [`messages`] what was said in them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::conversation::{ConversationEvent, Place};
use sqlx::PgConnection;
use uuid::Uuid;

use super::messages;
use crate::{Recorded, column};

/// Writes what `events` say; applying them again changes nothing.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<ConversationEvent>]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows: BTreeMap<(&str, Uuid), Row<'_>> = BTreeMap::new();
    for event in events {
        let row = rows
            .entry((event.organization.as_str(), event.aggregate))
            .or_insert_with(|| Row {
                started: None,
                is_private: false,
                active_at: event.time,
                sequence: event.sequence,
            });
        row.active_at = event.time;
        row.sequence = event.sequence;
        if let ConversationEvent::AnswerRequested(requested) = &event.event {
            row.started.get_or_insert((&requested.place, event.time));
            row.is_private |= requested.is_private;
        }
    }
    let (mut started, mut active) = (Begun::default(), Continued::default());
    for (key, row) in rows {
        match row.started {
            Some((place, at)) => started.push(key, place, at, &row),
            None => active.push(key, &row),
        }
    }
    active.update(connection).await?;
    started.upsert(connection).await?;
    messages::apply(connection, events).await
}

/// What a batch makes of one conversation.
struct Row<'a> {
    /// Where and when it started, if it isn't in the table yet.
    started: Option<(&'a Place, DateTime<Utc>)>,
    /// Whether anything said in it was private.
    is_private: bool,
    active_at: DateTime<Utc>,
    sequence: u64,
}

#[derive(Default)]
struct Continued {
    organization_id: Vec<String>,
    id: Vec<Uuid>,
    active_at: Vec<DateTime<Utc>>,
    sequence: Vec<i64>,
}

impl Continued {
    fn push(&mut self, (organization, id): (&str, Uuid), row: &Row<'_>) {
        self.organization_id.push(organization.to_owned());
        self.id.push(id);
        self.active_at.push(column::time(row.active_at));
        self.sequence.push(column::sequence(row.sequence));
    }

    async fn update(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE conversations AS old SET active_at = new.active_at, sequence = new.sequence
             FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bigint[])
                  AS new (organization_id, id, active_at, sequence)
             WHERE old.organization_id = new.organization_id AND old.id = new.id AND old.sequence < new.sequence",
            &self.organization_id,
            &self.id,
            &self.active_at,
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
struct Begun {
    connector: Vec<String>,
    account_id: Vec<String>,
    channel_id: Vec<String>,
    thread_id: Vec<String>,
    started_at: Vec<DateTime<Utc>>,
    is_private: Vec<bool>,
    active: Continued,
}

impl Begun {
    fn push(&mut self, key: (&str, Uuid), place: &Place, at: DateTime<Utc>, row: &Row<'_>) {
        self.connector.push(place.connector.as_str().to_owned());
        self.account_id.push(column::text(&place.account));
        self.channel_id.push(column::key(&place.channel));
        self.thread_id.push(column::text(&place.thread));
        self.started_at.push(column::time(at));
        self.is_private.push(row.is_private);
        self.active.push(key, row);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.connector.is_empty() {
            return Ok(());
        }
        // A conversation keeps its place and start: its identity is made of its place.
        sqlx::query!(
            "INSERT INTO conversations
                 (organization_id, id, connector, account_id, channel_id, thread_id, started_at, active_at, sequence,
                  is_private)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                  $7::timestamptz[], $8::timestamptz[], $9::bigint[], $10::boolean[])
             ON CONFLICT (organization_id, id) DO UPDATE SET
                 active_at = excluded.active_at, sequence = excluded.sequence,
                 is_private = conversations.is_private OR excluded.is_private
             WHERE conversations.sequence < excluded.sequence",
            &self.active.organization_id,
            &self.active.id,
            &self.connector,
            &self.account_id,
            &self.channel_id,
            &self.thread_id,
            &self.started_at,
            &self.active.active_at,
            &self.active.sequence,
            &self.is_private,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
