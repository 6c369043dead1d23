//! Reads `changes`.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, change::ChangeKind};
use serde::Serialize;
use sqlx::{PgExecutor, types::Json};

use crate::{Fingerprint, column};

/// A change, as tools and people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of change, as [`ChangeKind::as_str`].
    pub kind: String,
    /// The repository, `owner/name`.
    pub repository: String,
    /// What it is, in a line.
    pub title: String,
    /// Where people find it.
    pub url: String,
    /// Who did it.
    pub actor: Actor,
    /// The branch, tag or number.
    pub reference: Option<String>,
    /// The revision that it brought or ran on.
    pub revision: Option<String>,
    /// More lines: the subjects of commits, what failed.
    pub details: Vec<String>,
    /// When it happened, in the clock of the system that told of it.
    pub occurred_at: DateTime<Utc>,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The identifier in the external system.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where people find them.
    pub url: Option<String>,
}

/// Which changes are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only this repository, in any case.
    pub repository: Option<String>,
    /// Only these kinds; all of them when empty.
    pub kinds: Vec<ChangeKind>,
    /// From this time on.
    pub since: DateTime<Utc>,
    /// Before this time.
    pub until: DateTime<Utc>,
    /// At most so many.
    pub limit: u16,
}

/// The newest changes that were wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The newest first.
    pub changes: Vec<Change>,
    /// Whether there are older ones that the limit cut off.
    pub truncated: bool,
}

struct Row {
    kind: String,
    repository: String,
    title: String,
    url: String,
    actor_id: String,
    actor_name: String,
    actor_url: Option<String>,
    reference: Option<String>,
    revision: Option<String>,
    details: Json<Vec<String>>,
    occurred_at: DateTime<Utc>,
}

impl From<Row> for Change {
    fn from(row: Row) -> Self {
        Self {
            kind: row.kind,
            repository: row.repository,
            title: row.title,
            url: row.url,
            actor: Actor {
                id: row.actor_id,
                name: row.actor_name,
                url: row.actor_url,
            },
            reference: row.reference,
            revision: row.revision,
            details: row.details.0,
            occurred_at: row.occurred_at,
        }
    }
}

/// The newest changes of an organization that pass `filter`.
pub async fn list(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    filter: &Filter,
) -> Result<Page, sqlx::Error> {
    let kinds = if filter.kinds.is_empty() {
        &ChangeKind::ALL[..]
    } else {
        &filter.kinds
    };
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    let limit = usize::from(filter.limit);
    let one_more = i64::from(filter.limit) + 1;
    let (since, until) = (column::time(filter.since), column::time(filter.until));
    // Two statements, so that each has one plan with the index made for it.
    let rows = if let Some(repository) = &filter.repository {
        sqlx::query_as!(
            Row,
            r#"SELECT kind, repository, title, url, actor_id, actor_name, actor_url, reference, revision,
                      details AS "details: Json<Vec<String>>", occurred_at
               FROM changes
               WHERE organization_id = $1 AND lower(repository) = lower($2) AND kind = ANY($3)
                     AND occurred_at >= $4 AND occurred_at < $5
               ORDER BY occurred_at DESC, sequence DESC
               LIMIT $6"#,
            organization.as_str(),
            column::key(repository),
            &kinds,
            since,
            until,
            one_more,
        )
        .fetch_all(database)
        .await?
    } else {
        sqlx::query_as!(
            Row,
            r#"SELECT kind, repository, title, url, actor_id, actor_name, actor_url, reference, revision,
                      details AS "details: Json<Vec<String>>", occurred_at
               FROM changes
               WHERE organization_id = $1 AND kind = ANY($2) AND occurred_at >= $3 AND occurred_at < $4
               ORDER BY occurred_at DESC, sequence DESC
               LIMIT $5"#,
            organization.as_str(),
            &kinds,
            since,
            until,
            one_more,
        )
        .fetch_all(database)
        .await?
    };
    let truncated = rows.len() > limit;
    Ok(Page {
        changes: rows.into_iter().take(limit).map(Change::from).collect(),
        truncated,
    })
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
