//! Reads `changes`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, change::ChangeKind};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor, types::Json};
use uuid::Uuid;

use crate::{Fingerprint, Page, column, page::one_more};

/// A change, as tools and people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its identity.
    pub id: Uuid,
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this repository, in any case.
    pub repository: Option<String>,
    /// Only these kinds; all of them when empty.
    pub kinds: Vec<ChangeKind>,
    /// Only what somebody with this identifier or name did, in any case.
    pub actor: Option<String>,
    /// From this time on.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Where a page of changes ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// When the last of them happened.
    pub occurred_at: DateTime<Utc>,
    /// The place in the log of the last of them.
    pub sequence: i64,
}

struct Row {
    id: Uuid,
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
    sequence: i64,
}

impl From<Row> for Change {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
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

/// The changes of an organization that pass `filter`, the newest first.
///
/// # Errors
/// When the database can't be read.
pub async fn page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Change, Key>, sqlx::Error> {
    let since = column::time(filter.since.unwrap_or(DateTime::<Utc>::MIN_UTC));
    let before = before(filter.until, after);
    let kinds: BTreeSet<ChangeKind> = filter.kinds.iter().copied().collect();
    let kinds: Vec<String> = kinds.into_iter().map(|kind| kind.as_str().to_owned()).collect();
    // A statement for each way to read, so that each has one plan with the index made for it.
    macro_rules! rows {
        ($source:tt $(, $value:expr)*) => {
            sqlx::query_as!(
                Row,
                r#"SELECT id AS "id!", kind AS "kind!", repository AS "repository!", title AS "title!", url AS "url!",
                          actor_id AS "actor_id!", actor_name AS "actor_name!", actor_url, reference, revision,
                          details AS "details!: Json<Vec<String>>", occurred_at AS "occurred_at!",
                          sequence AS "sequence!" "#
                    + $source
                    + "ORDER BY occurred_at DESC, sequence DESC LIMIT $5",
                organization.as_str(),
                since,
                before.occurred_at,
                before.sequence,
                one_more(limit),
                $($value,)*
            )
            .fetch_all(connection)
            .await?
        };
    }
    let rows = match (&filter.actor, &filter.repository, &*kinds) {
        (None, None, []) => rows!(
            "FROM changes
             WHERE organization_id = $1 AND occurred_at >= $2 AND (occurred_at, sequence) < ($3, $4) "
        ),
        // Each kind's newest, and the newest of those.
        (None, None, kinds) => rows!(
            "FROM unnest($6::text[]) AS wanted (wanted_kind) CROSS JOIN LATERAL (
                 SELECT * FROM changes
                 WHERE organization_id = $1 AND kind = wanted_kind
                       AND occurred_at >= $2 AND (occurred_at, sequence) < ($3, $4)
                 ORDER BY occurred_at DESC, sequence DESC LIMIT $5) AS newest ",
            kinds
        ),
        (None, Some(repository), kinds) => rows!(
            "FROM changes
             WHERE organization_id = $1 AND repository_key = lower(left($6, 256))
                   AND (kind = ANY($7) OR cardinality($7) = 0)
                   AND occurred_at >= $2 AND (occurred_at, sequence) < ($3, $4) ",
            column::text(repository),
            kinds
        ),
        // Whoever has the name, and then whoever has only the identifier.
        (Some(actor), repository, kinds) => rows!(
            "FROM ((SELECT * FROM changes
                    WHERE organization_id = $1 AND actor_name_key = lower(left($6, 256))
                          AND (kind = ANY($7) OR cardinality($7) = 0)
                          AND repository_key = coalesce(lower(left($8, 256)), repository_key)
                          AND occurred_at >= $2 AND (occurred_at, sequence) < ($3, $4)
                    ORDER BY occurred_at DESC, sequence DESC LIMIT $5)
                   UNION ALL
                   (SELECT * FROM changes
                    WHERE organization_id = $1 AND actor_id_key = lower(left($6, 256))
                          AND actor_name_key <> lower(left($6, 256))
                          AND (kind = ANY($7) OR cardinality($7) = 0)
                          AND repository_key = coalesce(lower(left($8, 256)), repository_key)
                          AND occurred_at >= $2 AND (occurred_at, sequence) < ($3, $4)
                    ORDER BY occurred_at DESC, sequence DESC LIMIT $5)) AS done ",
            column::text(actor),
            kinds,
            column::optional(repository.as_deref())
        ),
    };
    Ok(Page::cut(rows, limit, |row| Key {
        occurred_at: row.occurred_at,
        sequence: row.sequence,
    }))
}

/// What a page has to come before: the end of the last one, or of the time that was asked for.
fn before(until: Option<DateTime<Utc>>, after: Option<&Key>) -> Key {
    let until = Key {
        occurred_at: column::time(until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
        // At that very time nothing stands before this place, and without a time nothing stands behind it.
        sequence: if until.is_some() { i64::MIN } else { i64::MAX },
    };
    match after {
        Some(key) => until.min(Key {
            occurred_at: column::time(key.occurred_at),
            ..key.clone()
        }),
        None => until,
    }
}

/// One change of an organization; none when it is another's.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    id: Uuid,
) -> Result<Option<Change>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, repository, title, url, actor_id, actor_name, actor_url, reference, revision,
                  details AS "details: Json<Vec<String>>", occurred_at, sequence
           FROM changes WHERE organization_id = $1 AND id = $2"#,
        organization.as_str(),
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Change::from))
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
