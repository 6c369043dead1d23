//! Which generations there are.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::schema;
use crate::column;

/// What a generation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is read.
    Active,
    /// It was read before, and can be again.
    Previous,
    /// It is being built, or its building was broken off.
    Building,
    /// It differs from the active one, so it did not take its place.
    Refused,
    /// The read models as they were.
    AsOf,
    /// A replayed history.
    Replayed,
    /// What was compared with the active one, kept to be looked at.
    Kept,
}

impl State {
    /// As it is called in the table and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Previous => "previous",
            Self::Building => "building",
            Self::Refused => "refused",
            Self::AsOf => "as_of",
            Self::Replayed => "replayed",
            Self::Kept => "kept",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "previous" => Self::Previous,
            "refused" => Self::Refused,
            "as_of" => Self::AsOf,
            "replayed" => Self::Replayed,
            "kept" => Self::Kept,
            _ => Self::Building,
        }
    }
}

/// A generation of the read models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Generation {
    /// Its number.
    pub id: i32,
    /// The schema of its tables; nothing for the active one, whose tables stand where readers look.
    pub schema: Option<String>,
    /// What it is for.
    pub state: State,
    /// The last migration of its tables.
    pub migration: i64,
    /// When its building began; not known of the first.
    pub began_at: Option<DateTime<Utc>>,
    /// When it was complete.
    pub built_at: Option<DateTime<Utc>>,
    /// The place in EVENTS up to which it was built; how far the active one is by now is what `status` says.
    pub sequence: Option<i64>,
    /// What its tables and indexes take on the disk, in bytes.
    pub bytes: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i32,
    schema_name: Option<String>,
    state: String,
    migration: i64,
    began_at: DateTime<Utc>,
    built_at: Option<DateTime<Utc>>,
    sequence: Option<i64>,
    bytes: i64,
}

impl From<Row> for Generation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            schema: row.schema_name,
            state: State::parse(&row.state),
            migration: row.migration,
            began_at: Some(row.began_at),
            built_at: row.built_at,
            sequence: row.sequence,
            bytes: row.bytes,
        }
    }
}

/// Every generation, in the order of their numbers.
///
/// # Errors
/// When PostgreSQL can't be asked.
pub async fn list(database: &PgPool) -> Result<Vec<Generation>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, schema_name, state, migration, began_at, built_at, sequence,
                (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
                 WHERE relnamespace = to_regnamespace(coalesce(schema_name, current_schema())) AND relkind = 'r'
                       AND (schema_name IS NOT NULL OR relname = ANY($1))) AS bytes
         FROM projection_generations ORDER BY id",
    )
    .bind(schema::TABLES.as_slice())
    .fetch_all(database)
    .await?;
    let mut generations: Vec<Generation> = rows.into_iter().map(Into::into).collect();
    if !generations.iter().any(|generation| generation.state == State::Active) {
        let bytes: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
             WHERE relnamespace = to_regnamespace(current_schema()) AND relkind = 'r' AND relname = ANY($1)",
        )
        .bind(schema::TABLES.as_slice())
        .fetch_one(database)
        .await?;
        let first = Generation {
            id: 1,
            schema: None,
            state: State::Active,
            migration: schema::known(),
            began_at: None,
            built_at: None,
            sequence: None,
            bytes,
        };
        generations.insert(0, first);
    }
    Ok(generations)
}

/// A new entry, after the active one has one.
pub(super) async fn add(database: &PgPool, state: State, named: Option<&str>) -> Result<(i32, String), sqlx::Error> {
    let mut transaction = database.begin().await?;
    sqlx::query("LOCK TABLE projection_generations")
        .execute(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO projection_generations (id, state, migration, began_at)
         SELECT coalesce(max(id), 0) + 1, 'active', $1, clock_timestamp() FROM projection_generations
         HAVING count(*) FILTER (WHERE state = 'active') = 0",
    )
    .bind(schema::known())
    .execute(&mut *transaction)
    .await?;
    let id: i32 = sqlx::query_scalar("SELECT max(id) + 1 FROM projection_generations")
        .fetch_one(&mut *transaction)
        .await?;
    let name = named.map_or_else(|| schema::name(id), str::to_owned);
    sqlx::query(
        "INSERT INTO projection_generations (id, schema_name, state, migration, began_at)
         VALUES ($1, $2, $3, $4, clock_timestamp())",
    )
    .bind(id)
    .bind(&name)
    .bind(state.as_str())
    .bind(schema::known())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok((id, name))
}

/// The newest generation in one of `states`.
pub(super) async fn newest(
    database: impl PgExecutor<'_>,
    states: &[State],
) -> Result<Option<(i32, String, i64)>, sqlx::Error> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    sqlx::query_as(
        "SELECT id, schema_name, migration FROM projection_generations
         WHERE state = ANY($1) AND schema_name IS NOT NULL ORDER BY id DESC LIMIT 1",
    )
    .bind(states)
    .fetch_optional(database)
    .await
}

/// Every generation in `state`.
pub(super) async fn all(database: impl PgExecutor<'_>, state: State) -> Result<Vec<(i32, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, schema_name FROM projection_generations
         WHERE state = $1 AND schema_name IS NOT NULL ORDER BY id",
    )
    .bind(state.as_str())
    .fetch_all(database)
    .await
}

/// Notes that a generation is complete up to `sequence` of EVENTS.
pub(super) async fn built(connection: &mut PgConnection, id: i32, sequence: u64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE projection_generations SET built_at = clock_timestamp(), sequence = $2 WHERE id = $1")
        .bind(id)
        .bind(column::sequence(sequence))
        .execute(connection)
        .await
        .map(drop)
}

/// Sets what a generation is for.
pub(super) async fn set(database: impl PgExecutor<'_>, id: i32, state: State) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE projection_generations SET state = $2 WHERE id = $1")
        .bind(id)
        .bind(state.as_str())
        .execute(database)
        .await
        .map(drop)
}

/// Drops a generation that nobody reads, and its entry.
pub(super) async fn forget(database: &PgPool, id: i32, schema: &str) -> Result<(), sqlx::Error> {
    // The entry last: what is left of a drop that was broken off is found by it.
    schema::remove(database, schema).await?;
    sqlx::query("DELETE FROM projection_generations WHERE id = $1")
        .bind(id)
        .execute(database)
        .await
        .map(drop)
}
