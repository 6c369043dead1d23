//! Reads `audit_records`.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::Outcome;
use crate::{Fingerprint, Page, column, page::one_more};

/// Something that was done, tried, or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its identity.
    pub id: Uuid,
    /// What: `<aggregate>.<event>`, or the action of an audit record (`credential_read`, `access_refused` and the like).
    pub action: String,
    /// What kind of thing it was about: `organization`, `member`, `integration`, `conversation` or `action`.
    pub subject_kind: String,
    /// Which one: a member by their user's identifier, the others by their own.
    pub subject_id: String,
    /// The kind of system, where it was about one.
    pub connector: Option<String>,
    /// What a credential was opened for, or what was asked for and refused.
    pub purpose: Option<String>,
    /// Whether it came to what whoever did it wanted.
    pub outcome: Outcome,
    /// Why it was refused or failed, or was done, where that was said.
    pub reason: Option<String>,
    /// How often between the first time and the last.
    pub count: i64,
    /// Who did it, as `<kind>:<id>`, where that is known.
    pub actor: Option<String>,
    /// The network address that it was asked from, where somebody asked.
    pub address: Option<String>,
    /// The HTTP request that asked for it, where one did.
    pub request_id: Option<String>,
    /// The event that everything of its case goes back to, as the event index has it.
    pub correlation_id: Option<String>,
    /// The first time.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this action.
    pub action: Option<String>,
    /// Only what this actor did, as `<kind>:<id>`.
    pub actor: Option<String>,
    /// Only what came to this.
    pub outcome: Option<Outcome>,
    /// From this time on.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Where a page of entries ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The last time of the last of them.
    pub last_at: DateTime<Utc>,
    /// The place in the log of the last of them.
    pub sequence: i64,
}

struct Row {
    id: Uuid,
    action: String,
    subject_kind: String,
    subject_id: String,
    connector: Option<String>,
    purpose: Option<String>,
    outcome: String,
    reason: Option<String>,
    count: i64,
    actor: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    correlation_id: Option<String>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    sequence: i64,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            connector: row.connector,
            purpose: row.purpose,
            outcome: Outcome::read(&row.outcome),
            reason: row.reason,
            count: row.count,
            actor: row.actor,
            address: row.address,
            request_id: row.request_id,
            correlation_id: row.correlation_id,
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}

/// The entries of an organization that pass `filter`, the newest first. What no organization is known of belongs to
/// [`OrganizationId::nobody`], and is in no organization's list.
///
/// # Errors
/// When the database can't be read.
pub async fn page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Entry, Key>, sqlx::Error> {
    let since = column::time(filter.since.unwrap_or(DateTime::<Utc>::MIN_UTC));
    let before = before(filter.until, after);
    let action = column::optional(filter.action.as_deref());
    let actor = filter.actor.as_deref().map(column::key);
    let outcome = filter.outcome.map(Outcome::as_str);
    // A statement for each way to read, so that each has one plan with the index made for it. Only some of an
    // integration's events say which kind of system it is; its row knows.
    macro_rules! rows {
        ($condition:tt) => {
            sqlx::query_as!(
                Row,
                r#"SELECT entry.id AS "id!", entry.action AS "action!", entry.subject_kind AS "subject_kind!",
                          entry.subject_id AS "subject_id!", coalesce(entry.connector, integrations.connector) AS connector,
                          entry.purpose, entry.outcome AS "outcome!", entry.reason, entry.count AS "count!", entry.actor,
                          entry.address, entry.request_id, entry.correlation_id, entry.first_at AS "first_at!",
                          entry.last_at AS "last_at!", entry.sequence AS "sequence!"
                   FROM (SELECT * FROM audit_records
                         WHERE organization_id = $1 AND last_at >= $2 AND (last_at, sequence) < ($3, $4)"#
                    + $condition
                    + "ORDER BY last_at DESC, sequence DESC LIMIT $5) AS entry
                       LEFT JOIN integrations
                            ON integrations.organization_id = $1 AND integrations.id::text = entry.subject_id
                   ORDER BY entry.last_at DESC, entry.sequence DESC",
                organization.as_str(),
                since,
                before.last_at,
                before.sequence,
                one_more(limit),
                action,
                actor,
                outcome,
            )
            .fetch_all(connection)
            .await?
        };
    }
    let rows = match (&filter.actor, &filter.action, filter.outcome) {
        (Some(_), _, _) => {
            rows!(" AND actor = $7 AND action = coalesce($6, action) AND outcome = coalesce($8, outcome) ")
        }
        (None, Some(_), _) => rows!(" AND action = $6 AND outcome = coalesce($8, outcome) AND $7::text IS NULL "),
        (None, None, Some(Outcome::Refused | Outcome::Failed)) => {
            rows!(" AND outcome = $8 AND outcome <> 'done' AND $6::text IS NULL AND $7::text IS NULL ")
        }
        (None, None, Some(Outcome::Done) | None) => {
            rows!(" AND outcome = coalesce($8, outcome) AND $6::text IS NULL AND $7::text IS NULL ")
        }
    };
    Ok(Page::cut(rows, limit, |row| Key {
        last_at: row.last_at,
        sequence: row.sequence,
    }))
}

/// What a page has to come before: the end of the last one, or of the time that was asked for.
fn before(until: Option<DateTime<Utc>>, after: Option<&Key>) -> Key {
    let until = Key {
        last_at: column::time(until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
        // At that very time nothing stands before this place, and without a time nothing stands behind it.
        sequence: if until.is_some() { i64::MIN } else { i64::MAX },
    };
    match after {
        Some(key) => until.min(Key {
            last_at: column::time(key.last_at),
            ..key.clone()
        }),
        None => until,
    }
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
