//! Reads `resources`.

use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::Fingerprint;

/// Something that an integration may see now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// The integration that may see it.
    pub integration_id: Uuid,
    /// The kind of system.
    pub connector: String,
    /// `repository` or `channel`.
    pub kind: String,
    /// Its identifier in the external system.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Where people find it.
    pub url: Option<String>,
    /// Whether only some people of the account see it.
    pub private: bool,
}

/// What an organization's integrations may see now, by kind and name.
pub async fn list(database: impl PgExecutor<'_>, organization: &OrganizationId) -> Result<Vec<Resource>, sqlx::Error> {
    sqlx::query_as!(
        Resource,
        r#"SELECT integration_id, connector, kind, id, name, url, private
           FROM resources WHERE organization_id = $1 AND withdrawn_at IS NULL
           ORDER BY kind COLLATE "C", name COLLATE "C", id COLLATE "C""#,
        organization.as_str(),
    )
    .fetch_all(database)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY integration_id, kind COLLATE "C", id COLLATE "C"), '')) AS "hash!"
           FROM resources AS entry"#
    )
    .fetch_one(database)
    .await
}
