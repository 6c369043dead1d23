//! Two generations, row by row.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use super::{
    Error,
    schema::{TABLES, enter, quoted},
};
use crate::{Fingerprint, fingerprint};

/// How many differing rows of a table are shown.
const SHOWN: i64 = 20;

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The log makes it, and it is not in the tables.
    Missing,
    /// It is in the tables, and the log does not make it.
    Extra,
    /// It is in both, and not the same.
    Different,
}

/// A row that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where it is.
    pub kind: Kind,
    /// Its primary key.
    pub key: BTreeMap<String, Value>,
    /// The columns that differ: what is in the tables, and what the log makes of it.
    pub columns: BTreeMap<String, (Value, Value)>,
}

/// A table that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableDifference {
    /// The table.
    pub table: &'static str,
    /// How many rows are missing.
    pub missing: i64,
    /// How many are there and should not be.
    pub extra: i64,
    /// How many are different.
    pub different: i64,
    /// The first of them, in the order of their keys.
    pub rows: Vec<Difference>,
}

/// The fingerprint of every table of `schema`.
pub(super) async fn fingerprints(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<BTreeMap<&'static str, Fingerprint>, Error> {
    enter(connection, schema).await?;
    Ok(fingerprint::of(connection).await?)
}

/// What differs between what is there (`active`) and what the log makes (`schema`). Call it in one snapshot.
pub(super) async fn compare(
    connection: &mut PgConnection,
    active: &str,
    schema: &str,
) -> Result<Vec<TableDifference>, Error> {
    let there = fingerprints(connection, active).await?;
    let made = fingerprints(connection, schema).await?;
    let mut differences = Vec::new();
    for table in TABLES {
        if there.get(table) != made.get(table) {
            differences.push(rows(connection, active, schema, table).await?);
        }
    }
    Ok(differences)
}

/// The columns of the primary key of a table in the current schema.
pub(super) async fn key(connection: &mut PgConnection, table: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT attname::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
         WHERE indrelid = to_regclass(quote_ident($1)) AND indisprimary ORDER BY array_position(indkey::int2[], attnum)",
    )
    .bind(table)
    .fetch_all(connection)
    .await
}

async fn rows(
    connection: &mut PgConnection,
    active: &str,
    schema: &str,
    table: &'static str,
) -> Result<TableDifference, Error> {
    let key = key(connection, table).await?;
    let first = quoted(key.first().map_or("", String::as_str));
    let joined: Vec<String> = key
        .iter()
        .map(|column| format!("a.{0} = b.{0}", quoted(column)))
        .collect();
    let order: Vec<String> = key
        .iter()
        .map(|column| format!("coalesce(a.{0}, b.{0})", quoted(column)))
        .collect();
    let differing = format!(
        "FROM {active}.{table} AS a FULL JOIN {schema}.{table} AS b ON {on}
         WHERE a.{first} IS NULL OR b.{first} IS NULL OR a::text <> b::text",
        active = quoted(active),
        schema = quoted(schema),
        on = joined.join(" AND "),
    );
    let (missing, extra, different): (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT count(*) FILTER (WHERE a.{first} IS NULL), count(*) FILTER (WHERE b.{first} IS NULL),
                count(*) FILTER (WHERE a.{first} IS NOT NULL AND b.{first} IS NOT NULL) {differing}"
    )))
    .fetch_one(&mut *connection)
    .await?;
    let found: Vec<(Option<Value>, Option<Value>)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT CASE WHEN a.{first} IS NOT NULL THEN to_jsonb(a) END, CASE WHEN b.{first} IS NOT NULL THEN to_jsonb(b) END
         {differing} ORDER BY {order} LIMIT {SHOWN}",
        order = order.join(", "),
    )))
    .fetch_all(connection)
    .await?;
    Ok(TableDifference {
        table,
        missing,
        extra,
        different,
        rows: found
            .into_iter()
            .map(|(there, made)| difference(&key, there.as_ref(), made.as_ref()))
            .collect(),
    })
}

fn difference(key: &[String], there: Option<&Value>, made: Option<&Value>) -> Difference {
    let either = there.or(made);
    let of = |row: Option<&Value>, column: &str| row.and_then(|row| row.get(column)).cloned().unwrap_or_default();
    Difference {
        kind: match (there, made) {
            (None, _) => Kind::Missing,
            (Some(_), None) => Kind::Extra,
            (Some(_), Some(_)) => Kind::Different,
        },
        key: key.iter().map(|column| (column.clone(), of(either, column))).collect(),
        columns: changed(there, made),
    }
}

/// The columns in which two forms of a row differ; none where there is only one.
pub(super) fn changed(before: Option<&Value>, after: Option<&Value>) -> BTreeMap<String, (Value, Value)> {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) else {
        return BTreeMap::new();
    };
    let columns = before.iter().filter_map(|(column, value)| {
        let other = after.get(column).cloned().unwrap_or_default();
        (*value != other).then(|| (column.clone(), (value.clone(), other)))
    });
    columns.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_names_the_columns() {
        let (there, made) = (json!({ "id": 1, "name": "a" }), json!({ "id": 1, "name": "b" }));
        let found = difference(&["id".to_owned()], Some(&there), Some(&made));
        assert_eq!(found.kind, Kind::Different);
        assert_eq!(found.key, BTreeMap::from([("id".to_owned(), json!(1))]));
        assert_eq!(
            found.columns,
            BTreeMap::from([("name".to_owned(), (json!("a"), json!("b")))])
        );
        assert_eq!(difference(&["id".to_owned()], None, Some(&made)).kind, Kind::Missing);
        assert_eq!(difference(&["id".to_owned()], Some(&there), None).kind, Kind::Extra);
    }
}
