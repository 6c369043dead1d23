//! Reads `event_index`. Only [`latest`] belongs to one organization: the others are for operators, who trace across them.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgExecutor;

use crate::{Fingerprint, column};

/// Where a fact or event stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The stream that holds it.
    pub stream: String,
    /// Its sequence there.
    pub sequence: i64,
    /// The subject that it was published on.
    pub subject: String,
    /// Its CloudEvents id.
    pub event_id: String,
    /// Its CloudEvents source.
    pub source: String,
    /// Its CloudEvents type.
    pub kind: String,
    /// Whose it is, where that was known.
    pub organization_id: Option<String>,
    /// The event that everything of its case goes back to.
    pub correlation_id: Option<String>,
    /// The event that it follows from.
    pub causation_id: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// When it happened, as its writer said.
    pub occurred_at: Option<DateTime<Utc>>,
    /// When the stream stored it.
    pub published_at: DateTime<Utc>,
}

/// The facts and events with this id: ids are unique for their source, so there may be several.
pub async fn find(database: impl PgExecutor<'_>, event_id: &str) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE event_id = $1 ORDER BY published_at, stream, sequence",
        column::key(event_id),
    )
    .fetch_all(database)
    .await
}

/// What directly follows from the event with this id, in the order of storing.
pub async fn caused_by(database: impl PgExecutor<'_>, event_id: &str) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE causation_id = $1 ORDER BY published_at, stream, sequence",
        column::key(event_id),
    )
    .fetch_all(database)
    .await
}

/// Everything of one case, the event that it goes back to included, in the order of storing.
pub async fn correlated(database: impl PgExecutor<'_>, correlation_id: &str) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE correlation_id = $1 OR event_id = $1 ORDER BY published_at, stream, sequence",
        column::key(correlation_id),
    )
    .fetch_all(database)
    .await
}

/// The newest facts and events of an organization, the newest first.
pub async fn latest(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    limit: u16,
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE organization_id = $1 ORDER BY published_at DESC, stream, sequence DESC LIMIT $2",
        organization.as_str(),
        i64::from(limit),
    )
    .fetch_all(database)
    .await
}

/// Up to `limit` facts and events that stand directly beside these ids: they have one of them, follow from one, or name one
/// as what their case goes back to. In the order of storing.
pub async fn related(database: impl PgExecutor<'_>, ids: &[String], limit: u16) -> Result<Vec<Entry>, sqlx::Error> {
    let ids: Vec<String> = ids.iter().map(|id| column::key(id)).collect();
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE event_id = ANY($1) OR correlation_id = ANY($1) OR causation_id = ANY($1)
         ORDER BY published_at, stream, sequence LIMIT $2",
        &ids,
        i64::from(limit),
    )
    .fetch_all(database)
    .await
}

/// What is known of the place `sequence` of `stream`.
pub async fn at(database: impl PgExecutor<'_>, stream: &str, sequence: u64) -> Result<Option<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE stream = $1 AND sequence = $2",
        stream,
        column::sequence(sequence),
    )
    .fetch_optional(database)
    .await
}

/// Up to `limit` facts and events whose id begins with `beginning`, the newest first.
pub async fn beginning_with(
    database: impl PgExecutor<'_>,
    beginning: &str,
    limit: u16,
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index WHERE starts_with(event_id, $1) ORDER BY published_at DESC, stream, sequence DESC LIMIT $2",
        column::key(beginning),
        i64::from(limit),
    )
    .fetch_all(database)
    .await
}

/// The newest facts and events of everybody, the newest first.
pub async fn newest(database: impl PgExecutor<'_>, limit: u16) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        "SELECT stream, sequence, subject, event_id, source, type AS kind, organization_id, correlation_id, causation_id,
                actor, occurred_at, published_at
         FROM event_index ORDER BY published_at DESC, stream, sequence DESC LIMIT $1",
        i64::from(limit),
    )
    .fetch_all(database)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY stream COLLATE "C", sequence), '')) AS "hash!"
           FROM event_index AS entry"#
    )
    .fetch_one(database)
    .await
}
