//! Reads `integrations`.

use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId, integration::Lifecycle};
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
    /// `not_started`, `pending`, `active`, `degraded`, `suspended` or `disconnected`, at the time of the question.
    pub state: String,
    /// Why it is degraded, suspended or was disconnected.
    pub reason: Option<String>,
    /// The account's identifier in the external system; nothing until it is first authorized.
    pub account_id: Option<String>,
    /// The account's name for people; nothing until it is first authorized.
    pub account_name: Option<String>,
    /// The user that the product acts as in that account.
    pub bot_user: Option<String>,
    /// What the account's owner allowed, in the external system's words.
    pub scopes: Vec<String>,
    /// When it was last authorized, if it ever was.
    pub authorized_at: Option<DateTime<Utc>>,
    /// When something last happened to its state; attempts to authorize it don't count.
    pub changed_at: DateTime<Utc>,
    /// The newest attempt to authorize it that has neither failed nor led to something. It may have expired.
    pub attempt: Option<Uuid>,
    /// When that attempt expires.
    pub pending_until: Option<DateTime<Utc>>,
    /// Who started that attempt, as `<kind>:<id>`; without one, who started the last. Nothing when an operator connected
    /// it.
    pub requested_by: Option<String>,
    /// Why the last attempt came to nothing.
    pub attempt_failure: Option<String>,
    /// When what this connection sees was last compared with what the external system has.
    pub synchronized_at: Option<DateTime<Utc>>,
}

struct Row {
    id: Uuid,
    connector: String,
    state: String,
    reason: Option<String>,
    account_id: Option<String>,
    account_name: Option<String>,
    bot_user: Option<String>,
    scopes: Json<Vec<String>>,
    authorized_at: Option<DateTime<Utc>>,
    changed_at: DateTime<Utc>,
    attempt: Option<Uuid>,
    pending_until: Option<DateTime<Utc>>,
    requested_by: Option<String>,
    attempt_failure: Option<String>,
    synchronized_at: Option<DateTime<Utc>>,
}

impl Row {
    /// The state at `now`: an attempt counts until it expires, where nothing is connected.
    fn state(&self, now: DateTime<Utc>) -> &str {
        let connects = [Lifecycle::NotStarted, Lifecycle::Disconnected]
            .iter()
            .any(|state| state.as_str() == self.state);
        if connects && self.pending_until.is_some_and(|until| until > now) {
            Lifecycle::Pending.as_str()
        } else {
            &self.state
        }
    }

    fn at(self, now: DateTime<Utc>) -> Integration {
        let state = self.state(now).to_owned();
        Integration {
            id: self.id,
            connector: self.connector,
            state,
            reason: self.reason,
            account_id: self.account_id,
            account_name: self.account_name,
            bot_user: self.bot_user,
            scopes: self.scopes.0,
            authorized_at: self.authorized_at,
            changed_at: self.changed_at,
            attempt: self.attempt,
            pending_until: self.pending_until,
            requested_by: self.requested_by,
            attempt_failure: self.attempt_failure,
            synchronized_at: self.synchronized_at,
        }
    }
}

/// An organization's integrations by connector as they are at `now`, disconnected ones included, and those that were only
/// attempted.
///
/// # Errors
/// When the database can't be read.
pub async fn list(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Vec<Integration>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, connector, state, reason, account_id, account_name, bot_user,
                  scopes AS "scopes: Json<Vec<String>>", authorized_at, changed_at, attempt, pending_until, requested_by,
                  attempt_failure, synchronized_at
           FROM integrations WHERE organization_id = $1 ORDER BY connector COLLATE "C" "#,
        organization.as_str(),
    )
    .fetch_all(database)
    .await?;
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
}

/// An organization's integration with one kind of system as it is at `now`; none where nobody ever attempted one.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    connector: &ConnectorKind,
    now: DateTime<Utc>,
) -> Result<Option<Integration>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, connector, state, reason, account_id, account_name, bot_user,
                  scopes AS "scopes: Json<Vec<String>>", authorized_at, changed_at, attempt, pending_until, requested_by,
                  attempt_failure, synchronized_at
           FROM integrations WHERE organization_id = $1 AND id = $2"#,
        organization.as_str(),
        infragpt_events::integration::id(organization, connector),
    )
    .fetch_optional(database)
    .await?;
    Ok(row.map(|row| row.at(now)))
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
