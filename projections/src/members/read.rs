//! Reads `members`.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, organization::Role};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};

use crate::{Fingerprint, Page, page::one_more};

/// Somebody who belongs to an organization, by the newest of their memberships that did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person, as the identity provider calls them.
    pub user_id: String,
    /// Their name for people, where it is known.
    pub name: Option<String>,
    /// Where mail reaches them, where that is known.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Since when that membership is known.
    pub since: DateTime<Utc>,
}

/// Which members are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only who may do this.
    pub role: Option<Role>,
}

/// Where a page of members ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The last person.
    pub user_id: String,
}

struct Row {
    user_id: String,
    name: Option<String>,
    email: Option<String>,
    role: String,
    since: DateTime<Utc>,
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        Self {
            role: role(&row.role),
            user_id: row.user_id,
            name: row.name,
            email: row.email,
            since: row.since,
        }
    }
}

/// The role of a stored word: whatever isn't known to be more is the least.
pub(crate) fn role(word: &str) -> Role {
    if word == Role::Admin.as_str() {
        Role::Admin
    } else {
        Role::Member
    }
}

/// Who belongs to an organization, by their identifier.
///
/// # Errors
/// When the database can't be read.
pub async fn page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Member, Key>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT member.user_id AS "user_id!", users.name AS "name?", users.email AS "email?", member.role AS "role!",
                  member.since AS "since!"
           FROM (SELECT user_id, role, since
                 FROM (SELECT DISTINCT ON (user_id) user_id, role, since
                       FROM members
                       WHERE organization_id = $1 AND removed_at IS NULL AND user_id > $2
                       ORDER BY user_id, updated_at DESC, membership_id DESC) AS newest
                 WHERE role = coalesce($3, role)
                 ORDER BY user_id
                 LIMIT $4) AS member
                LEFT JOIN users ON users.user_id = member.user_id
           ORDER BY member.user_id"#,
        organization.as_str(),
        after.map_or("", |key| &key.user_id),
        filter.role.map(Role::as_str),
        one_more(limit),
    )
    .fetch_all(connection)
    .await?;
    Ok(Page::cut(rows, limit, |row| Key {
        user_id: row.user_id.clone(),
    }))
}

/// One member of an organization; none when they belong to others only.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    user: &str,
) -> Result<Option<Member>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT members.user_id, users.name AS "name?", users.email AS "email?", members.role, members.since
           FROM members LEFT JOIN users ON users.user_id = members.user_id
           WHERE members.organization_id = $1 AND members.user_id = $2 AND members.removed_at IS NULL
           ORDER BY members.updated_at DESC, members.membership_id DESC
           LIMIT 1"#,
        organization.as_str(),
        user,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Member::from))
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY organization_id COLLATE "C", membership_id), ''))
                      AS "hash!"
           FROM members AS entry"#
    )
    .fetch_one(database)
    .await
}
