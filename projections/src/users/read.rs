//! Reads `users`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::Fingerprint;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The person, as the identity provider calls them.
    pub id: String,
    /// The name for people.
    pub name: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// As of when this is so, where it comes from.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A person, unless nobody has heard of them or their account is gone. Behind the [wall](crate::wall) only people of the
/// organization are found.
///
/// # Errors
/// When the database can't be read.
pub async fn find(connection: &mut PgConnection, user: &str) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as!(
        User,
        "SELECT user_id AS id, name, email, updated_at FROM users WHERE user_id = $1 AND deleted_at IS NULL",
        user,
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!", md5(coalesce(string_agg(md5(entry::text), '' ORDER BY user_id), '')) AS "hash!"
           FROM users AS entry"#
    )
    .fetch_one(database)
    .await
}
