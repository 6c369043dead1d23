//! Facts that were erased from their stream.

use chrono::{DateTime, Utc};
use infragpt_events::organization::ErasedFacts;
use infragpt_nats::Received;
use sqlx::PgConnection;

use crate::column;

/// Remembers that facts are erased, so that those which were on their way here before that are not indexed any more.
pub(super) async fn remember(
    connection: &mut PgConnection,
    sequence: u64,
    number: i32,
    erased: &ErasedFacts,
) -> Result<(), sqlx::Error> {
    let sequences: Vec<i64> = erased.sequences.iter().copied().map(column::sequence).collect();
    sqlx::query!(
        "INSERT INTO erased_facts (stream, prefix, sequences, until, sequence, number) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (sequence, number) DO NOTHING",
        column::text(&erased.stream),
        column::text(&erased.prefix),
        &sequences,
        column::time(erased.until),
        column::sequence(sequence),
        number,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What was erased of one stream.
#[derive(Debug)]
pub(crate) struct Erased {
    prefix: String,
    sequences: Vec<i64>,
    until: DateTime<Utc>,
}

/// What was erased of the stream that `received` are from, as far as it can be among them.
pub(crate) async fn find(connection: &mut PgConnection, received: &[Received]) -> Result<Vec<Erased>, sqlx::Error> {
    let Some(first) = received.first() else {
        return Ok(vec![]);
    };
    sqlx::query_as!(
        Erased,
        "SELECT prefix, sequences, until FROM erased_facts WHERE stream = $1 AND until >= $2",
        first.stream,
        column::time(first.published),
    )
    .fetch_all(connection)
    .await
}

impl Erased {
    /// Whether `fact` is one of them.
    pub fn has(&self, fact: &Received) -> bool {
        let one_of_them = if self.sequences.is_empty() {
            !self.prefix.is_empty() && fact.subject.starts_with(&self.prefix)
        } else {
            self.sequences.contains(&column::sequence(fact.sequence))
        };
        one_of_them && fact.published <= self.until
    }
}
