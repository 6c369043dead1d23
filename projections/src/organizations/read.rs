//! Reads `organizations`.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, organization::Profile};
use sqlx::{PgConnection, PgExecutor, types::Json};

use crate::Fingerprint;

/// An organization that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its identity.
    pub id: String,
    /// The name for people; nothing while only members are known of it.
    pub name: Option<String>,
    /// The name in addresses.
    pub slug: Option<String>,
    /// As of when its name is, where it comes from.
    pub updated_at: Option<DateTime<Utc>>,
    /// What it says about itself, if it did.
    pub profile: Option<Profile>,
    /// When it said so.
    pub profile_set_at: Option<DateTime<Utc>>,
}

/// An organization, unless nobody has heard of it or it was deleted.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    connection: &mut PgConnection,
    organization: &OrganizationId,
) -> Result<Option<Organization>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT organization_id, name, slug, updated_at, profile AS "profile: Json<Profile>", profile_set_at
           FROM organizations WHERE organization_id = $1 AND deleted_at IS NULL"#,
        organization.as_str(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Organization {
        id: row.organization_id,
        name: row.name,
        slug: row.slug,
        updated_at: row.updated_at,
        profile: row.profile.map(|profile| profile.0),
        profile_set_at: row.profile_set_at,
    }))
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY organization_id COLLATE "C"), '')) AS "hash!"
           FROM organizations AS entry"#
    )
    .fetch_one(database)
    .await
}
