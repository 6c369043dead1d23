//! Writes `changes`.

use std::collections::BTreeMap;

use infragpt_events::change::ChangeEvent;
use sqlx::PgConnection;

use super::Change;
use crate::{Recorded, column};

/// Writes what `events` say; applying them again changes nothing.
pub async fn apply(connection: &mut PgConnection, events: &[Recorded<ChangeEvent>]) -> Result<(), sqlx::Error> {
    let mut latest = BTreeMap::new();
    for event in events {
        latest.insert(event.aggregate, event);
    }
    if latest.is_empty() {
        return Ok(());
    }
    let mut rows = Columns::default();
    for event in latest.into_values() {
        rows.push(event)?;
    }
    rows.upsert(connection).await
}

#[derive(Default)]
struct Columns {
    organization_id: Vec<String>,
    id: Vec<uuid::Uuid>,
    connector: Vec<String>,
    kind: Vec<String>,
    repository: Vec<String>,
    actor_id: Vec<String>,
    actor_name: Vec<String>,
    document: Vec<String>,
    occurred_at: Vec<chrono::DateTime<chrono::Utc>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, event: &Recorded<ChangeEvent>) -> Result<(), sqlx::Error> {
        let ChangeEvent::Recorded(recorded) = &event.event;
        let change = Change::new(event.aggregate, recorded);
        let document = serde_json::to_string(&change).map_err(|error| sqlx::Error::Encode(error.into()))?;
        self.organization_id.push(event.organization.as_str().to_owned());
        self.id.push(change.id);
        self.connector.push(recorded.connector.as_str().to_owned());
        self.kind.push(change.kind);
        self.repository.push(change.repository);
        self.actor_id.push(change.actor.id);
        self.actor_name.push(change.actor.name);
        self.document.push(document);
        self.occurred_at.push(change.occurred_at);
        self.sequence.push(column::sequence(event.sequence));
        Ok(())
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "INSERT INTO changes
                 (organization_id, id, connector, kind, repository_key, actor_id_key, actor_name_key, document, occurred_at,
                  sequence)
             SELECT organization_id, id, connector, kind, lower(left(repository, 256)), lower(left(actor_id, 256)),
                    lower(left(actor_name, 256)), document, occurred_at, sequence
             FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::timestamptz[], $10::bigint[])
                  AS new (organization_id, id, connector, kind, repository, actor_id, actor_name, document, occurred_at,
                          sequence)
             ON CONFLICT (id) DO UPDATE SET
                 organization_id = excluded.organization_id, connector = excluded.connector, kind = excluded.kind,
                 repository_key = excluded.repository_key, actor_id_key = excluded.actor_id_key,
                 actor_name_key = excluded.actor_name_key, document = excluded.document,
                 occurred_at = excluded.occurred_at, sequence = excluded.sequence
             WHERE changes.sequence < excluded.sequence",
            &self.organization_id,
            &self.id,
            &self.connector,
            &self.kind,
            &self.repository,
            &self.actor_id,
            &self.actor_name,
            &self.document,
            &self.occurred_at,
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
