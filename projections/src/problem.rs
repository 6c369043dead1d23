//! What the projector could not read or write, and went on without.

use chrono::{DateTime, Utc};
use infragpt_nats::Received;
use serde::Serialize;
use sqlx::{PgExecutor, PgPool};

use crate::column;

/// How many are kept: the last ones.
const KEPT: i64 = 200;

/// Something that the projector went on without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Problem {
    /// The stream.
    pub stream: String,
    /// The place there.
    pub sequence: i64,
    /// The event's id.
    pub event_id: String,
    /// What was wrong.
    pub problem: String,
    /// When the projector met it last.
    pub noticed_at: DateTime<Utc>,
}

/// Keeps it for `projections status`. It is in the log of the projector anyway, so that a database which does not take it is
/// not asked twice.
pub(crate) async fn note(database: &PgPool, message: &Received, problem: &(dyn std::error::Error + Sync)) {
    let noted = sqlx::query(
        "WITH former AS (
             DELETE FROM projection_errors
             WHERE (stream, sequence) IN (
                 SELECT stream, sequence FROM projection_errors ORDER BY noticed_at DESC, stream, sequence OFFSET $5)
         )
         INSERT INTO projection_errors (stream, sequence, event_id, problem, noticed_at)
         VALUES ($1, $2, $3, $4, clock_timestamp())
         ON CONFLICT (stream, sequence) DO UPDATE
             SET problem = excluded.problem, noticed_at = excluded.noticed_at",
    )
    .bind(&message.stream)
    .bind(column::sequence(message.sequence))
    .bind(column::key(&message.envelope.id))
    .bind(column::text(&problem.to_string()))
    .bind(KEPT)
    .execute(database)
    .await;
    if let Err(error) = noted {
        tracing::debug!(%error, "A problem could not be noted");
    }
}

/// The last problems, the newest first.
///
/// # Errors
/// When PostgreSQL can't be asked.
pub async fn list(database: impl PgExecutor<'_>, most: u16) -> Result<Vec<Problem>, sqlx::Error> {
    sqlx::query_as(
        "SELECT stream, sequence, event_id, problem, noticed_at FROM projection_errors
         ORDER BY noticed_at DESC, stream, sequence LIMIT $1",
    )
    .bind(i64::from(most))
    .fetch_all(database)
    .await
}
