//! What PostgreSQL says of itself: its version, its clock, its size, and whether the wall between organizations stands.

use chrono::{DateTime, Utc};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};

use crate::{generation::CHECKPOINTS, wall};

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

/// Asks the server, over a connection of its own: a pool that gets none does not say why.
///
/// # Errors
/// When it can't be reached, or refuses the user.
pub async fn inspect(database: &PgPool) -> Result<Inspection, sqlx::Error> {
    let mut connection = database.connect_options().as_ref().clone().connect().await?;
    let found = sqlx::query_as(
        "SELECT current_setting('server_version') AS version,
                current_setting('server_version_num')::int / 10000 AS major,
                pg_database_size(current_database()) AS bytes",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await.ok();
    Ok(found)
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
    /// Nothing keeps the role from reading all rows of a table.
    #[error("row-level security of `{0}` is off, and `{role}` may read it: it sees every organization's rows", role = wall::ROLE)]
    Unguarded(String),
    /// A policy of a table does not ask for the organization.
    #[error("a policy of `{0}` lets `{role}` see rows of every organization", role = wall::ROLE)]
    Lax(String),
    /// The role can't read a table that it has to.
    #[error("`{role}` sees nothing of `{0}`, because it may not read it, or no policy lets it", role = wall::ROLE)]
    Closed(String),
}

/// What is wrong with which table. How far the log is projected is nobody's secret.
const TABLES: &str = "
    WITH seen AS (
        SELECT relname::text AS name, relrowsecurity AS guarded,
               has_any_column_privilege($1, entry.oid, 'SELECT') AND has_schema_privilege($1, relnamespace, 'USAGE') AS readable,
               EXISTS (SELECT FROM pg_policy WHERE polrelid = entry.oid) AS has_policy,
               EXISTS (SELECT FROM pg_policy
                       WHERE polrelid = entry.oid AND polpermissive AND relname <> $2
                             AND coalesce(pg_get_expr(polqual, polrelid), '') NOT LIKE '%infragpt.organization%') AS lax
        FROM pg_class AS entry
        WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p', 'v', 'm', 'f')
    ), judged AS (
        SELECT name, CASE WHEN readable AND NOT guarded THEN 'unguarded'
                          WHEN readable AND lax THEN 'lax'
                          WHEN readable <> has_policy THEN 'closed' END AS problem
        FROM seen
    )
    SELECT name, problem FROM judged WHERE problem IS NOT NULL ORDER BY name COLLATE \"C\"";

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
    let tables: Vec<(String, String)> = sqlx::query_as(TABLES)
        .bind(wall::ROLE)
        .bind(CHECKPOINTS)
        .fetch_all(database)
        .await?;
    breaches.extend(tables.into_iter().map(|(table, problem)| match problem.as_str() {
        "unguarded" => Breach::Unguarded(table),
        "lax" => Breach::Lax(table),
        _ => Breach::Closed(table),
    }));
    Ok(breaches)
}
