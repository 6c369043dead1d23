//! Reads `changes` page by page.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, change::ChangeKind, organization::Role};
use sqlx::PgConnection;

use super::{
    Change, Document,
    filter::{Filter, Key, before},
};
use crate::{Page, column, members, page::one_more, wall::Wall};

/// How many changes a page has that nobody asked for in another length.
const USUAL: u16 = 50;

struct Row {
    document: String,
    occurred_at: DateTime<Utc>,
    sequence: i64,
}

impl Row {
    fn key(&self) -> Key {
        Key {
            occurred_at: self.occurred_at,
            sequence: self.sequence,
        }
    }
}

impl From<Row> for Document {
    fn from(row: Row) -> Self {
        Self::new(row.document)
    }
}

/// As [`documents`], taken apart.
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
    let Page { rows, next } = documents(connection, organization, filter, after, limit).await?;
    let rows = rows.iter().map(Document::read).collect::<Result<_, _>>()?;
    Ok(Page { rows, next })
}

/// The changes of an organization that pass `filter`, the newest first, as the JSON that shows them.
///
/// # Errors
/// When the database can't be read.
pub async fn documents(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Document, Key>, sqlx::Error> {
    let since = filter.from();
    let before = before(filter.until, after);
    let kinds: BTreeSet<ChangeKind> = filter.kinds.iter().copied().collect();
    let kinds: Vec<String> = kinds.into_iter().map(|kind| kind.as_str().to_owned()).collect();
    // A statement for each way to read, so that each has one plan with the index made for it.
    macro_rules! rows {
        ($source:tt $(, $value:expr)*) => {
            sqlx::query_as!(
                Row,
                r#"SELECT document AS "document!", occurred_at AS "occurred_at!", sequence AS "sequence!" "# + $source + "ORDER BY occurred_at DESC, sequence DESC LIMIT $5",
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
            column::key(repository),
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
            repository.as_deref().map(column::key)
        ),
    };
    Ok(Page::cut(rows, limit, Row::key))
}

/// Enters the wall as `user` of `organization`, and reads [`documents`] there. The role is none, and the page is empty, where
/// they don't belong to it.
///
/// # Errors
/// When the database can't be read.
pub async fn enter(
    wall: &Wall,
    organization: &OrganizationId,
    user: &str,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<(Option<Role>, Page<Document, Key>), sqlx::Error> {
    if limit == USUAL && after.is_none() && *filter == Filter::default() {
        return newest(wall.once(organization).await?.connection(), organization, user).await;
    }
    let mut inside = wall.enter(organization, user).await?;
    let page = documents(inside.connection(), organization, filter, after, limit).await?;
    Ok((inside.role(), page))
}

/// The page that is asked for most, in one statement that enters by itself: one round trip for what takes three otherwise.
///
/// PostgreSQL plans a statement anew each time it is executed where it expects a better plan of knowing the values, as it does
/// of a range and of a length; planning takes longer than this page.
async fn newest(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    person: &str,
) -> Result<(Option<Role>, Page<Document, Key>), sqlx::Error> {
    // Entering comes first because the other side of the join is looked at for each row of this one; would it not, nothing was
    // found.
    let rows = sqlx::query!(
        r#"SELECT entered.role, page.document AS "document?", page.occurred_at AS "occurred_at?",
                  page.sequence AS "sequence?"
           FROM (SELECT infragpt_enter($1, $2) AS role OFFSET 0) AS entered
                LEFT JOIN LATERAL (
                    SELECT document, occurred_at, sequence
                    FROM changes
                    WHERE organization_id = $1
                    ORDER BY occurred_at DESC, sequence DESC LIMIT 51) AS page ON true"#,
        organization.as_str(),
        person,
    )
    .fetch_all(connection)
    .await?;
    let role = rows.first().and_then(|row| row.role.as_deref()).map(members::role);
    let found = rows.into_iter().filter_map(|row| {
        Some(Row {
            document: row.document?,
            occurred_at: row.occurred_at?,
            sequence: row.sequence?,
        })
    });
    let mut found: Vec<Row> = found.collect();
    // In order they are, but a join does not promise it.
    found.sort_by_key(|row| std::cmp::Reverse(row.key()));
    Ok((role, Page::cut(found, USUAL, Row::key)))
}
