//! Schemas with the tables of one generation.

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, PgPool, migrate::Migrator};

use super::Error;
use crate::{database, wall};

/// The tables that belong together: rows of the log, and how far it is projected.
pub(super) const TABLES: [&str; 12] = [
    "actions",
    "audit_records",
    "changes",
    "conversation_messages",
    "conversations",
    "erased_facts",
    "event_index",
    "integrations",
    "members",
    "organizations",
    "resources",
    "users",
];

/// How far each stream is projected: it goes with the tables.
pub(crate) const CHECKPOINTS: &str = "projection_checkpoints";

/// What this build knows of tables.
static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The last migration that this build knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The schema of generation `id`.
pub(super) fn name(id: i32) -> String {
    format!("infragpt_g{id}")
}

/// A name in a statement. An identifier can't be a parameter; doubled quotes make any name a safe one.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The schema that readers and the active projector use.
pub(super) async fn active(database: impl PgExecutor<'_>) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT current_schema()::text")
        .fetch_one(database)
        .await
}

/// Connections whose tables are those of `schema`, for long work.
pub(crate) fn pool(database_url: &SecretString, schema: &str) -> Result<PgPool, database::Error> {
    let options = database::options(database_url, "infragpt generations")?.options([
        ("search_path", schema),
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
    ]);
    Ok(database::pool().max_connections(8).connect_lazy_with(options))
}

/// Makes `schema` with empty tables, or brings those of it up to date. Readers of the API have no way in until it is theirs.
pub(crate) async fn make(database_url: &SecretString, schema: &str) -> Result<PgPool, Error> {
    let pool = pool(database_url, schema)?;
    execute(&pool, format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema))).await?;
    database::migrate(&pool).await?;
    execute(
        &pool,
        format!("REVOKE ALL ON SCHEMA {} FROM {}", quoted(schema), wall::ROLE),
    )
    .await?;
    Ok(pool)
}

/// Drops `schema` and all that is in it.
pub(crate) async fn remove(database: impl PgExecutor<'_>, schema: &str) -> Result<(), sqlx::Error> {
    execute(database, format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(schema))).await
}

/// Executes statements that name tables by their schema.
pub(super) async fn execute(database: impl PgExecutor<'_>, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(database)
        .await
        .map(drop)
}

/// Makes unqualified names those of `schema`, until the transaction ends.
pub(super) async fn enter(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('search_path', $1, true)")
        .bind(quoted(schema))
        .execute(connection)
        .await
        .map(drop)
}

/// The last migration of the tables that `database` uses.
///
/// # Errors
/// [`Error::Absent`] without tables, [`Error::TooNew`] and [`Error::TooOld`] when another build made them.
pub async fn check_migrations(database: &PgPool) -> Result<i64, Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(database)
        .await?;
    if !there {
        return Err(Error::Absent);
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(database)
        .await?;
    match found {
        None => Err(Error::Absent),
        Some(found) if found > known() => Err(Error::TooNew { found, known: known() }),
        Some(found) if found < known() => Err(Error::TooOld { found, known: known() }),
        Some(found) => Ok(found),
    }
}
