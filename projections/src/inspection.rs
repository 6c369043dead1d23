//! What PostgreSQL says of itself: its version, its clock, its size, and whether the wall between organizations stands.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::wall;

/// The oldest PostgreSQL that this build runs on.
pub const LEAST_SERVER_VERSION: i32 = 15;

/// What PostgreSQL says of itself.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Inspection {
    /// Its version, for people.
    pub version: String,
    /// The first number of it.
    pub major: i32,
    /// What the whole database takes on the disk, in bytes.
    pub bytes: i64,
}

/// Asks the server.
///
/// # Errors
/// When it can't be reached.
pub async fn inspect(database: &PgPool) -> Result<Inspection, sqlx::Error> {
    sqlx::query_as(
        "SELECT current_setting('server_version') AS version,
                current_setting('server_version_num')::int / 10000 AS major,
                pg_database_size(current_database()) AS bytes",
    )
    .fetch_one(database)
    .await
}

/// What time it is there.
///
/// # Errors
/// When it can't be reached.
pub async fn clock(database: &PgPool) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(database).await
}

/// A hole in the wall between organizations, or something that keeps readers from coming in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// There is nobody to read as.
    #[error("the role `{role}` is not there", role = wall::ROLE)]
    NoRole,
    /// The role has a right that lets it pass by the policies, or get one.
    #[error("the role `{role}` may do more than read: it has {0}", role = wall::ROLE)]
    Powerful(String),
    /// The user of the URL can't read as the role.
    #[error("the user of `database.url` may not become `{role}`", role = wall::ROLE)]
    NotOurs,
    /// The role reads all rows of a table.
    #[error(
        "`{role}` is kept from other organizations' rows of `{0}` by nothing: row-level security is off, or has no policy",
        role = wall::ROLE
    )]
    Unguarded(String),
    /// The role can't read a table that it has to.
    #[error("`{role}` can't read `{0}`", role = wall::ROLE)]
    Closed(String),
}

/// What is wrong with the wall between organizations; nothing when it stands. The tables have to be there.
///
/// # Errors
/// When PostgreSQL can't be asked.
pub async fn breaches(database: &PgPool) -> Result<Vec<Breach>, sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(wall::ROLE)
        .fetch_one(database)
        .await?;
    if !there {
        return Ok(vec![Breach::NoRole]);
    }
    let mut breaches = Vec::new();
    let powers: Vec<String> = sqlx::query_scalar(
        "SELECT power FROM pg_roles, unnest(
                 ARRAY['SUPERUSER', 'BYPASSRLS', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'LOGIN'],
                 ARRAY[rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin]) AS has(power, really)
         WHERE rolname = $1 AND really",
    )
    .bind(wall::ROLE)
    .fetch_all(database)
    .await?;
    if !powers.is_empty() {
        breaches.push(Breach::Powerful(powers.join(", ")));
    }
    // As the migrations have it: since PostgreSQL 16 a member may not become the role by that alone.
    let ours: bool = sqlx::query_scalar(
        "SELECT pg_has_role(current_user, $1,
                CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)",
    )
    .bind(wall::ROLE)
    .fetch_one(database)
    .await?;
    if !ours {
        breaches.push(Breach::NotOurs);
    }
    let unguarded: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class AS entry
         WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND has_any_column_privilege($1, oid, 'SELECT')
               AND NOT (relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = entry.oid))
         ORDER BY relname",
    )
    .bind(wall::ROLE)
    .fetch_all(database)
    .await?;
    breaches.extend(unguarded.into_iter().map(Breach::Unguarded));
    let closed: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class AS entry
         WHERE relnamespace = to_regnamespace(current_schema())
               AND EXISTS (SELECT FROM pg_policy WHERE polrelid = entry.oid)
               AND NOT (has_any_column_privilege($1, oid, 'SELECT')
                        AND has_schema_privilege($1, relnamespace, 'USAGE'))
         ORDER BY relname",
    )
    .bind(wall::ROLE)
    .fetch_all(database)
    .await?;
    breaches.extend(closed.into_iter().map(Breach::Closed));
    Ok(breaches)
}
