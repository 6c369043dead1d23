//! What PostgreSQL does at best, for benchmarks: rows that are known already, in `UNNEST` upserts, by one who decides nothing.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use secrecy::SecretString;
use sqlx::{
    AssertSqlSafe, Column as _, PgConnection, PgPool, Row as _, TypeInfo as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use uuid::Uuid;

use crate::{
    Fingerprint, database,
    generation::{Error, schema},
};

/// How many rows one statement writes.
const BATCH: usize = 4000;

/// The tables that have a row for each change; the others hardly have any.
const TABLES: [(&str, &str); 2] = [("changes", "id"), ("event_index", "stream, sequence")];

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upserted {
    /// How many rows.
    pub rows: u64,
    /// How long writing them took, and making the indexes.
    pub took: Duration,
    /// Whether every row is the same.
    pub is_same: bool,
}

/// Writes the rows of the tables of `from` into a schema of its own, as a new generation is written: indexes that only readers need
/// are made in the end. Reading them is not counted. The schema is dropped.
///
/// # Errors
/// When PostgreSQL can't be used.
pub async fn upsert_again(url: &SecretString, from: &str) -> Result<Upserted, Error> {
    const SCHEMA: &str = "infragpt_bare";
    let source = schema::pool(url, from)?;
    let target = schema::make(url, SCHEMA).await?;
    crate::generation::defer_indexes(&target).await?;
    let (mut rows, mut took) = (0, Duration::ZERO);
    let mut connection = target.acquire().await?;
    for (table, key) in TABLES {
        let mut stored = sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch(&source);
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            while batch.len() < BATCH
                && let Some(row) = stored.try_next().await?
            {
                batch.push(row);
            }
            let Some(first) = batch.first() else { break };
            let statement = upsert((table, key), first);
            let columns = columns(&batch)?;
            let started = Instant::now();
            write(&mut connection, statement, columns).await?;
            took += started.elapsed();
            rows += batch.len() as u64;
        }
    }
    drop(connection);
    let started = Instant::now();
    crate::generation::make_indexes(&target).await?;
    took += started.elapsed();
    let is_same = of(&source).await? == of(&target).await?;
    source.close().await;
    target.close().await;
    let owner = database::connect(url, "infragpt bench")?;
    schema::remove(&owner, SCHEMA).await?;
    owner.close().await;
    Ok(Upserted { rows, took, is_same })
}

async fn of(database: &PgPool) -> Result<[Option<Fingerprint>; 2], sqlx::Error> {
    let mut all = crate::fingerprint(database).await?;
    Ok(TABLES.map(|(table, _)| all.remove(table)))
}

/// `INSERT … SELECT FROM unnest($1::text[], …) ON CONFLICT … DO UPDATE`, for the columns that `row` has.
fn upsert((table, key): (&str, &str), row: &PgRow) -> String {
    let names: Vec<&str> = row.columns().iter().map(sqlx::Column::name).collect();
    let arrays: Vec<String> = row
        .columns()
        .iter()
        .enumerate()
        .map(|(index, column)| format!("${}::{}[]", index + 1, column.type_info().name()))
        .collect();
    let updates: Vec<String> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    format!(
        "INSERT INTO {table} ({}) SELECT * FROM unnest({}) ON CONFLICT ({key}) DO UPDATE SET {}",
        names.join(", "),
        arrays.join(", "),
        updates.join(", ")
    )
}

/// A column of many rows.
enum Column {
    Text(Vec<Option<String>>),
    Number(Vec<Option<i64>>),
    Identifier(Vec<Option<Uuid>>),
    Time(Vec<Option<DateTime<Utc>>>),
}

fn columns(rows: &[PgRow]) -> Result<Vec<Column>, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(vec![]) };
    let types = first.columns().iter().map(|column| column.type_info().name());
    types
        .enumerate()
        .map(|(index, name)| {
            Ok(match name {
                "INT8" => Column::Number(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?),
                "UUID" => Column::Identifier(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?),
                "TIMESTAMPTZ" => Column::Time(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?),
                _ => Column::Text(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?),
            })
        })
        .collect()
}

async fn write(connection: &mut PgConnection, statement: String, columns: Vec<Column>) -> Result<(), sqlx::Error> {
    let mut query: Query<'_, sqlx::Postgres, PgArguments> = sqlx::query(AssertSqlSafe(statement));
    for column in columns {
        query = match column {
            Column::Text(values) => query.bind(values),
            Column::Number(values) => query.bind(values),
            Column::Identifier(values) => query.bind(values),
            Column::Time(values) => query.bind(values),
        };
    }
    query.execute(connection).await.map(drop)
}
