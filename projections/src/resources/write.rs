//! Writes `resources`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{IntegrationEvent, Resource, ResourceKind},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Recorded, column};

/// Writes what `events` say; applying them again changes nothing.
///
/// A disconnected integration sees nothing any more, so a disconnection withdraws all that was granted before.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<IntegrationEvent>]) -> Result<(), sqlx::Error> {
    let mut rows = Rows::default();
    for event in events {
        match &event.event {
            IntegrationEvent::ResourceGranted(granted) => {
                for resource in &granted.resources {
                    rows.grant(event, &granted.connector, resource);
                }
            }
            IntegrationEvent::ResourceWithdrawn(withdrawn) => {
                for id in &withdrawn.resource_ids {
                    rows.withdraw(event, withdrawn.kind, id);
                }
            }
            IntegrationEvent::Disconnected(_) => {
                std::mem::take(&mut rows).write(connection).await?;
                withdraw_all(connection, event).await?;
            }
            IntegrationEvent::AuthorizationStarted(_)
            | IntegrationEvent::AuthorizationReturned(_)
            | IntegrationEvent::AuthorizationFailed(_)
            | IntegrationEvent::Authorized(_)
            | IntegrationEvent::Synchronized(_)
            | IntegrationEvent::PermissionsChanged(_)
            | IntegrationEvent::Degraded(_)
            | IntegrationEvent::Recovered(_)
            | IntegrationEvent::Suspended(_)
            | IntegrationEvent::Resumed(_) => {}
        }
    }
    rows.write(connection).await
}

async fn withdraw_all(connection: &mut PgConnection, event: &Recorded<IntegrationEvent>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE resources SET withdrawn_at = $2, sequence = $3
         WHERE integration_id = $1 AND withdrawn_at IS NULL AND sequence < $3",
        event.aggregate,
        column::time(event.time),
        column::sequence(event.sequence),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a batch makes of each resource, the last event about it winning.
#[derive(Default)]
struct Rows<'a>(BTreeMap<(Uuid, ResourceKind, String), Row<'a>>);

struct Row<'a> {
    /// Absent when the batch only withdraws what an earlier one granted.
    granted: Option<Grant<'a>>,
    withdrawn_at: Option<DateTime<Utc>>,
    sequence: u64,
}

#[derive(Clone, Copy)]
struct Grant<'a> {
    organization: &'a OrganizationId,
    connector: &'a ConnectorKind,
    resource: &'a Resource,
    at: DateTime<Utc>,
}

impl<'a> Rows<'a> {
    fn grant(&mut self, event: &'a Recorded<IntegrationEvent>, connector: &'a ConnectorKind, resource: &'a Resource) {
        let granted = Some(Grant {
            organization: &event.organization,
            connector,
            resource,
            at: event.time,
        });
        self.0.insert(
            (event.aggregate, resource.kind, column::key(&resource.id)),
            Row {
                granted,
                withdrawn_at: None,
                sequence: event.sequence,
            },
        );
    }

    fn withdraw(&mut self, event: &Recorded<IntegrationEvent>, kind: ResourceKind, id: &str) {
        let key = (event.aggregate, kind, column::key(id));
        let granted = self.0.get(&key).and_then(|row| row.granted);
        self.0.insert(
            key,
            Row {
                granted,
                withdrawn_at: Some(event.time),
                sequence: event.sequence,
            },
        );
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let (mut granted, mut withdrawn) = (Grants::default(), Columns::default());
        for ((integration, kind, id), row) in self.0 {
            match row.granted {
                Some(grant) => granted.push(grant, (integration, kind, id), row.withdrawn_at, row.sequence),
                None => withdrawn.push((integration, kind, id), row.withdrawn_at, row.sequence),
            }
        }
        withdrawn.update(connection).await?;
        granted.upsert(connection).await
    }
}

#[derive(Default)]
struct Columns {
    integration_id: Vec<Uuid>,
    kind: Vec<String>,
    id: Vec<String>,
    withdrawn_at: Vec<Option<DateTime<Utc>>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, key: (Uuid, ResourceKind, String), withdrawn_at: Option<DateTime<Utc>>, sequence: u64) {
        self.integration_id.push(key.0);
        self.kind.push(key.1.as_str().to_owned());
        self.id.push(key.2);
        self.withdrawn_at.push(withdrawn_at.map(column::time));
        self.sequence.push(column::sequence(sequence));
    }

    async fn update(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE resources AS old SET withdrawn_at = new.withdrawn_at, sequence = new.sequence
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])
                  AS new (integration_id, kind, id, withdrawn_at, sequence)
             WHERE old.integration_id = new.integration_id AND old.kind = new.kind AND old.id = new.id
                   AND old.sequence < new.sequence",
            &self.integration_id,
            &self.kind,
            &self.id,
            &self.withdrawn_at as &[Option<DateTime<Utc>>],
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
struct Grants {
    organization_id: Vec<String>,
    connector: Vec<String>,
    name: Vec<String>,
    url: Vec<Option<String>>,
    private: Vec<bool>,
    granted_at: Vec<DateTime<Utc>>,
    columns: Columns,
}

impl Grants {
    fn push(
        &mut self,
        grant: Grant<'_>,
        key: (Uuid, ResourceKind, String),
        withdrawn_at: Option<DateTime<Utc>>,
        sequence: u64,
    ) {
        self.organization_id.push(grant.organization.as_str().to_owned());
        self.connector.push(grant.connector.as_str().to_owned());
        self.name.push(column::key(&grant.resource.name));
        self.url.push(column::optional(grant.resource.url.as_deref()));
        self.private.push(grant.resource.private);
        self.granted_at.push(column::time(grant.at));
        self.columns.push(key, withdrawn_at, sequence);
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.organization_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO resources
                 (organization_id, integration_id, kind, id, connector, name, url, private, granted_at, withdrawn_at,
                  sequence)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::boolean[], $9::timestamptz[], $10::timestamptz[], $11::bigint[])
             ON CONFLICT (integration_id, kind, id) DO UPDATE SET
                 organization_id = excluded.organization_id, connector = excluded.connector, name = excluded.name,
                 url = excluded.url, private = excluded.private, granted_at = excluded.granted_at,
                 withdrawn_at = excluded.withdrawn_at, sequence = excluded.sequence
             WHERE resources.sequence < excluded.sequence",
            &self.organization_id,
            &self.columns.integration_id,
            &self.columns.kind,
            &self.columns.id,
            &self.connector,
            &self.name,
            &self.url as &[Option<String>],
            &self.private,
            &self.granted_at,
            &self.columns.withdrawn_at as &[Option<DateTime<Utc>>],
            &self.columns.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
