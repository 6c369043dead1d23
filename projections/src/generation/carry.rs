//! Facts that their stream no longer keeps, but the index of the active generation has.

use sqlx::{AssertSqlSafe, PgPool};

use super::{Error, schema::quoted};
use crate::column;

/// Copies where those facts stood from the schema `active` into `schema`, and returns how many there were. `first` is the
/// sequence of the first message that `stream` still has. What was erased is not among them.
pub(super) async fn carry(
    database: &PgPool,
    active: &str,
    schema: &str,
    stream: &str,
    first: u64,
) -> Result<u64, Error> {
    let (active, schema) = (quoted(active), quoted(schema));
    let copied = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {schema}.event_index
         SELECT old.* FROM {active}.event_index AS old
         WHERE old.stream = $1 AND old.sequence < $2
               AND NOT EXISTS (SELECT FROM {schema}.erased_facts AS erased
                               WHERE erased.stream = old.stream AND old.published_at <= erased.until
                                     AND CASE WHEN cardinality(erased.sequences) = 0
                                              THEN erased.prefix <> '' AND starts_with(old.subject, erased.prefix)
                                              ELSE old.sequence = ANY(erased.sequences) END)
         ON CONFLICT (stream, sequence) DO NOTHING"
    )))
    .bind(stream)
    .bind(column::sequence(first))
    .execute(database)
    .await?;
    Ok(copied.rows_affected())
}
