//! Writes `event_index`.

use chrono::{DateTime, Utc};
use infragpt_nats::Received;
use sqlx::PgConnection;

use crate::{column, erasure::erased_facts};

/// Indexes facts and events of any stream and type, each once; applying them again changes nothing.
///
/// A domain event's organization is the token of its subject, because that is what its stream is guarded by; a fact's
/// is what its connector said of it. A fact that was erased while it was on its way here is left out.
pub async fn apply(connection: &mut PgConnection, events: &[Received]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let erased = erased_facts(connection, events).await?;
    let mut rows = Columns::default();
    for event in events {
        if !erased.iter().any(|erased| erased.has(event)) {
            rows.push(event);
        }
    }
    rows.insert(connection).await
}

#[derive(Default)]
struct Columns {
    stream: Vec<String>,
    sequence: Vec<i64>,
    subject: Vec<String>,
    event_id: Vec<String>,
    source: Vec<String>,
    kind: Vec<String>,
    organization_id: Vec<Option<String>>,
    correlation_id: Vec<Option<String>>,
    causation_id: Vec<Option<String>>,
    actor: Vec<Option<String>>,
    occurred_at: Vec<Option<DateTime<Utc>>>,
    published_at: Vec<DateTime<Utc>>,
}

impl Columns {
    fn push(&mut self, event: &Received) {
        let key = |value: &Option<String>| value.as_deref().map(column::key);
        let envelope = &event.envelope;
        let organization_id = match event.token(0) {
            Some("events") => event.token(2).map(column::key),
            _ => key(&envelope.organization),
        };
        self.stream.push(event.stream.clone());
        self.sequence.push(column::sequence(event.sequence));
        self.subject.push(column::text(&event.subject));
        self.event_id.push(column::key(&envelope.id));
        self.source.push(column::text(&envelope.source));
        self.kind.push(column::text(&envelope.kind));
        self.organization_id.push(organization_id);
        self.correlation_id.push(key(&envelope.correlation));
        self.causation_id.push(key(&envelope.causation));
        self.actor.push(column::optional(envelope.actor.as_deref()));
        self.occurred_at.push(envelope.time.map(column::time));
        self.published_at.push(column::time(event.published));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        // A place in a stream holds one message for ever, so what is there already is the same.
        sqlx::query!(
            "INSERT INTO event_index
                 (stream, sequence, subject, event_id, source, type, organization_id, correlation_id, causation_id, actor,
                  occurred_at, published_at)
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])
             ON CONFLICT (stream, sequence) DO NOTHING",
            &self.stream,
            &self.sequence,
            &self.subject,
            &self.event_id,
            &self.source,
            &self.kind,
            &self.organization_id as &[Option<String>],
            &self.correlation_id as &[Option<String>],
            &self.causation_id as &[Option<String>],
            &self.actor as &[Option<String>],
            &self.occurred_at as &[Option<DateTime<Utc>>],
            &self.published_at,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
