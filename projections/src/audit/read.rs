//! Reads `audit_records`.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::Fingerprint;

/// Something that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its identity.
    pub id: Uuid,
    /// `credential_read` or `authorization_refused`.
    pub action: String,
    /// The kind of system, where it was about one.
    pub connector: Option<String>,
    /// The integration, where it was about one.
    pub integration_id: Option<Uuid>,
    /// What a credential was opened for.
    pub purpose: Option<String>,
    /// Why it was refused or failed; nothing where it was done.
    pub refused: Option<String>,
    /// How often between the first time and the last.
    pub count: i64,
    /// Who did it, where that is known.
    pub actor: Option<String>,
    /// The event that everything of its case goes back to, as the event index has it.
    pub correlation_id: Option<String>,
    /// The first time.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
}

/// An organization's newest records, the newest first. What no organization is known of belongs to
/// [`OrganizationId::nobody`], and is in no organization's list.
///
/// # Errors
/// When the database can't be read.
pub async fn list(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    limit: u16,
) -> Result<Vec<Record>, sqlx::Error> {
    sqlx::query_as!(
        Record,
        "SELECT id, action, connector, integration_id, purpose, refused, count, actor, correlation_id, first_at, last_at
         FROM audit_records WHERE organization_id = $1 ORDER BY last_at DESC, sequence DESC LIMIT $2",
        organization.as_str(),
        i64::from(limit),
    )
    .fetch_all(database)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!", md5(coalesce(string_agg(md5(entry::text), '' ORDER BY id), '')) AS "hash!"
           FROM audit_records AS entry"#
    )
    .fetch_one(database)
    .await
}
