//! Reads `integrations`.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

use crate::Fingerprint;

/// An organization's connection to one external system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Integration {
    /// Its identity.
    pub id: Uuid,
    /// The kind of system.
    pub connector: String,
    /// `active`, `suspended` or `disconnected`.
    pub state: String,
    /// Why it is suspended or disconnected.
    pub reason: Option<String>,
    /// The account's identifier in the external system.
    pub account_id: String,
    /// The account's name for people.
    pub account_name: String,
    /// The user that the product acts as in that account.
    pub bot_user: Option<String>,
    /// What the account's owner allowed, in the external system's words.
    pub scopes: Vec<String>,
    /// When it was last authorized.
    pub authorized_at: DateTime<Utc>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

struct Row {
    id: Uuid,
    connector: String,
    state: String,
    reason: Option<String>,
    account_id: String,
    account_name: String,
    bot_user: Option<String>,
    scopes: Json<Vec<String>>,
    authorized_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

impl From<Row> for Integration {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            connector: row.connector,
            state: row.state,
            reason: row.reason,
            account_id: row.account_id,
            account_name: row.account_name,
            bot_user: row.bot_user,
            scopes: row.scopes.0,
            authorized_at: row.authorized_at,
            changed_at: row.changed_at,
        }
    }
}

/// An organization's integrations by connector, disconnected ones included.
pub async fn list(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
) -> Result<Vec<Integration>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, connector, state, reason, account_id, account_name, bot_user,
                  scopes AS "scopes: Json<Vec<String>>", authorized_at, changed_at
           FROM integrations WHERE organization_id = $1 ORDER BY connector COLLATE "C" "#,
        organization.as_str(),
    )
    .fetch_all(database)
    .await?;
    Ok(rows.into_iter().map(Integration::from).collect())
}

/// One integration of an organization; none when it is another's.
pub async fn find(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    id: Uuid,
) -> Result<Option<Integration>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, connector, state, reason, account_id, account_name, bot_user,
                  scopes AS "scopes: Json<Vec<String>>", authorized_at, changed_at
           FROM integrations WHERE organization_id = $1 AND id = $2"#,
        organization.as_str(),
        id,
    )
    .fetch_optional(database)
    .await?;
    Ok(row.map(Integration::from))
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!", md5(coalesce(string_agg(md5(entry::text), '' ORDER BY id), '')) AS "hash!"
           FROM integrations AS entry"#
    )
    .fetch_one(database)
    .await
}
