//! Writes `integrations`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::{
    OrganizationId,
    integration::{Authorized, IntegrationEvent},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Recorded, column};

/// Writes what `events` say; applying them again changes nothing.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<IntegrationEvent>]) -> Result<(), sqlx::Error> {
    let mut rows: BTreeMap<Uuid, Row<'_>> = BTreeMap::new();
    for event in events {
        let (state, reason) = match &event.event {
            IntegrationEvent::Authorized(_) | IntegrationEvent::Resumed(_) => ("active", None),
            IntegrationEvent::Suspended(suspended) => ("suspended", Some(suspended.reason.as_str())),
            IntegrationEvent::Disconnected(disconnected) => ("disconnected", Some(disconnected.reason.as_str())),
            IntegrationEvent::ResourceGranted(_) | IntegrationEvent::ResourceWithdrawn(_) => continue,
        };
        let before = rows.get(&event.aggregate).and_then(|row| row.authorized);
        let authorized = match &event.event {
            IntegrationEvent::Authorized(authorized) => Some((&event.organization, authorized, event.time)),
            _ => before,
        };
        rows.insert(
            event.aggregate,
            Row {
                authorized,
                state,
                reason,
                time: event.time,
                sequence: event.sequence,
            },
        );
    }
    let (mut whole, mut changed) = (Whole::default(), States::default());
    for (id, row) in rows {
        match row.authorized {
            Some((organization, authorized, at)) => whole.push(organization, authorized, at, (id, &row)),
            None => changed.push(id, &row),
        }
    }
    changed.update(connection).await?;
    whole.upsert(connection).await
}

/// What a batch makes of one integration. Without an authorization in the batch, only the state of a row that is there.
struct Row<'a> {
    authorized: Option<(&'a OrganizationId, &'a Authorized, DateTime<Utc>)>,
    state: &'static str,
    reason: Option<&'a str>,
    time: DateTime<Utc>,
    sequence: u64,
}

#[derive(Default)]
struct States {
    id: Vec<Uuid>,
    state: Vec<String>,
    reason: Vec<Option<String>>,
    changed_at: Vec<DateTime<Utc>>,
    sequence: Vec<i64>,
}

impl States {
    fn push(&mut self, id: Uuid, row: &Row<'_>) {
        self.id.push(id);
        self.state.push(row.state.to_owned());
        self.reason.push(column::optional(row.reason));
        self.changed_at.push(column::time(row.time));
        self.sequence.push(column::sequence(row.sequence));
    }

    async fn update(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE integrations AS old
             SET state = new.state, reason = new.reason, changed_at = new.changed_at, sequence = new.sequence
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])
                  AS new (id, state, reason, changed_at, sequence)
             WHERE old.id = new.id AND old.sequence < new.sequence",
            &self.id,
            &self.state,
            &self.reason as &[Option<String>],
            &self.changed_at,
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
struct Whole {
    organization_id: Vec<String>,
    connector: Vec<String>,
    account_id: Vec<String>,
    account_name: Vec<String>,
    bot_user: Vec<Option<String>>,
    scopes: Vec<serde_json::Value>,
    authorized_at: Vec<DateTime<Utc>>,
    changed: States,
}

impl Whole {
    fn push(
        &mut self,
        organization: &OrganizationId,
        authorized: &Authorized,
        at: DateTime<Utc>,
        (id, row): (Uuid, &Row<'_>),
    ) {
        self.organization_id.push(organization.as_str().to_owned());
        self.connector.push(authorized.connector.as_str().to_owned());
        self.account_id.push(column::text(&authorized.account.id));
        self.account_name.push(column::text(&authorized.account.name));
        self.bot_user.push(column::optional(authorized.bot_user.as_deref()));
        self.scopes.push(column::list(&authorized.scopes));
        self.authorized_at.push(column::time(at));
        self.changed.push(id, row);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.organization_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO integrations
                 (organization_id, id, connector, state, reason, account_id, account_name, bot_user, scopes,
                  authorized_at, changed_at, sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::text[], $9::jsonb[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
             ON CONFLICT (id) DO UPDATE SET
                 organization_id = excluded.organization_id, connector = excluded.connector, state = excluded.state,
                 reason = excluded.reason, account_id = excluded.account_id, account_name = excluded.account_name,
                 bot_user = excluded.bot_user, scopes = excluded.scopes, authorized_at = excluded.authorized_at,
                 changed_at = excluded.changed_at, sequence = excluded.sequence
             WHERE integrations.sequence < excluded.sequence",
            &self.organization_id,
            &self.changed.id,
            &self.connector,
            &self.changed.state,
            &self.changed.reason as &[Option<String>],
            &self.account_id,
            &self.account_name,
            &self.bot_user as &[Option<String>],
            &self.scopes,
            &self.authorized_at,
            &self.changed.changed_at,
            &self.changed.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
