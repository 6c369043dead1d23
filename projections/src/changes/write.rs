//! Writes `changes`.

use std::collections::BTreeMap;

use infragpt_events::change::ChangeEvent;
use sqlx::PgConnection;

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
        rows.push(event);
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
    title: Vec<String>,
    url: Vec<String>,
    actor_id: Vec<String>,
    actor_name: Vec<String>,
    actor_url: Vec<Option<String>>,
    reference: Vec<Option<String>>,
    revision: Vec<Option<String>>,
    details: Vec<serde_json::Value>,
    occurred_at: Vec<chrono::DateTime<chrono::Utc>>,
    sequence: Vec<i64>,
}

impl Columns {
    fn push(&mut self, event: &Recorded<ChangeEvent>) {
        let ChangeEvent::Recorded(change) = &event.event;
        self.organization_id.push(event.organization.as_str().to_owned());
        self.id.push(event.aggregate);
        self.connector.push(change.connector.as_str().to_owned());
        self.kind.push(change.kind.as_str().to_owned());
        self.repository.push(column::key(&change.repository));
        self.title.push(column::text(&change.title));
        self.url.push(column::text(&change.url));
        self.actor_id.push(column::text(&change.actor.id));
        self.actor_name.push(column::text(&change.actor.name));
        self.actor_url.push(column::optional(change.actor.url.as_deref()));
        self.reference.push(column::optional(change.reference.as_deref()));
        self.revision.push(column::optional(change.revision.as_deref()));
        self.details.push(column::list(&change.details));
        self.occurred_at.push(column::time(change.occurred_at));
        self.sequence.push(column::sequence(event.sequence));
    }

    async fn upsert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            r#"INSERT INTO changes
                   (organization_id, id, connector, kind, repository, title, url, actor_id, actor_name, actor_url,
                    reference, revision, details, occurred_at, sequence)
               SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::timestamptz[],
                    $15::bigint[])
               ON CONFLICT (id) DO UPDATE SET
                   organization_id = excluded.organization_id, connector = excluded.connector, kind = excluded.kind,
                   repository = excluded.repository, title = excluded.title, url = excluded.url,
                   actor_id = excluded.actor_id, actor_name = excluded.actor_name, actor_url = excluded.actor_url,
                   reference = excluded.reference, revision = excluded.revision, details = excluded.details,
                   occurred_at = excluded.occurred_at, sequence = excluded.sequence
               WHERE changes.sequence < excluded.sequence"#,
            &self.organization_id,
            &self.id,
            &self.connector,
            &self.kind,
            &self.repository,
            &self.title,
            &self.url,
            &self.actor_id,
            &self.actor_name,
            &self.actor_url as &[Option<String>],
            &self.reference as &[Option<String>],
            &self.revision as &[Option<String>],
            &self.details,
            &self.occurred_at,
            &self.sequence,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
