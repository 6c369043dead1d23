//! Reads `resources`.

use infragpt_events::{OrganizationId, integration::ResourceKind};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::{Fingerprint, Page, column, page::one_more};

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

/// Which resources are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those whose name has this in it, in any case.
    pub name_contains: Option<String>,
}

/// Where a page of resources ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The name of the last of them.
    pub name: String,
    /// The last of them.
    pub id: String,
    /// The integration that may see it.
    pub integration_id: Uuid,
}

/// The repositories or channels that an organization's integrations may see now and that pass `filter`, by name.
///
/// # Errors
/// When the database can't be read.
pub async fn page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    kind: ResourceKind,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Resource, Key>, sqlx::Error> {
    let (name, id, integration) = after.map_or(("", "", Uuid::nil()), |key| (&key.name, &key.id, key.integration_id));
    let contained = column::text(filter.name_contains.as_deref().unwrap_or_default());
    let rows = sqlx::query_as!(
        Resource,
        r#"SELECT integration_id, connector, kind, id, name, url, private
           FROM resources
           WHERE organization_id = $1 AND kind = $2 AND withdrawn_at IS NULL
                 AND (name COLLATE "C", id COLLATE "C", integration_id) > ($3, $4, $5)
                 AND position(lower($6) IN lower(name)) > 0
           ORDER BY name COLLATE "C", id COLLATE "C", integration_id
           LIMIT $7"#,
        organization.as_str(),
        kind.as_str(),
        name,
        id,
        integration,
        contained,
        one_more(limit),
    )
    .fetch_all(connection)
    .await?;
    Ok(Page::cut(rows, limit, |row| Key {
        name: row.name.clone(),
        id: row.id.clone(),
        integration_id: row.integration_id,
    }))
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
