//! Reads single figures and rows of `changes`.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{Change, Document};
use crate::{Fingerprint, column};

/// One change of an organization; none when it is another's.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    id: Uuid,
) -> Result<Option<Change>, sqlx::Error> {
    let document = sqlx::query_scalar!(
        "SELECT document FROM changes WHERE organization_id = $1 AND id = $2",
        organization.as_str(),
        id,
    )
    .fetch_optional(connection)
    .await?;
    document.map(|document| Document::new(document).read()).transpose()
}

/// How many changes of an organization happened at or after `time`.
pub async fn since(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    time: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM changes WHERE organization_id = $1 AND occurred_at >= $2"#,
        organization.as_str(),
        column::time(time),
    )
    .fetch_one(database)
    .await
}

/// When the newest change of an organization happened.
pub async fn latest(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT max(occurred_at) FROM changes WHERE organization_id = $1",
        organization.as_str()
    )
    .fetch_one(database)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!", md5(coalesce(string_agg(md5(entry::text), '' ORDER BY id), '')) AS "hash!"
           FROM changes AS entry"#
    )
    .fetch_one(database)
    .await
}
