//! How far each stream has been projected. A checkpoint moves in the transaction that writes the rows, and only from
//! where its mover believes it is, so that two projectors can't both move it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::column;

/// The streams that the read models are made of.
pub const STREAMS: [&str; 4] = ["RAW_SLACK", "RAW_GITHUB", "RAW_CLERK", "EVENTS"];

/// The shape of the tables that this build writes, so that an earlier one, which would leave out some of them, can't make a
/// checkpoint that a migration took away.
const SHAPE: i16 = 3;

/// The stream that every read model but the event index is made of, so the one that decides whether answers are current.
pub const READ_BY_TOOLS: &str = "EVENTS";

/// The durable consumer on every projected stream. For ever: its place in the stream goes by this name.
pub(crate) const CONSUMER: &str = "projections";

/// How far one stream has been projected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// The stream.
    pub stream: String,
    /// The sequence of the last projected message; 0 before the first.
    pub sequence: i64,
    /// When the stream stored that message.
    pub published_at: Option<DateTime<Utc>>,
}

/// Every checkpoint there is.
pub async fn list(database: impl PgExecutor<'_>) -> Result<Vec<Checkpoint>, sqlx::Error> {
    sqlx::query_as!(
        Checkpoint,
        r#"SELECT stream, sequence, published_at FROM projection_checkpoints ORDER BY stream COLLATE "C" "#
    )
    .fetch_all(database)
    .await
}

/// One stream's checkpoint.
pub async fn find(database: impl PgExecutor<'_>, stream: &str) -> Result<Option<Checkpoint>, sqlx::Error> {
    sqlx::query_as!(
        Checkpoint,
        "SELECT stream, sequence, published_at FROM projection_checkpoints WHERE stream = $1",
        stream
    )
    .fetch_optional(database)
    .await
}

/// Where to go on in a stream: the sequence of its last projected message. Makes the checkpoint that is not there yet.
pub async fn load(database: &PgPool, stream: &str) -> Result<u64, sqlx::Error> {
    if let Some(checkpoint) = find(database, stream).await? {
        return Ok(u64::try_from(checkpoint.sequence).unwrap_or(0));
    }
    sqlx::query!(
        "INSERT INTO projection_checkpoints (stream, sequence, shape) VALUES ($1, 0, $2) ON CONFLICT (stream) DO NOTHING",
        stream,
        SHAPE
    )
    .execute(database)
    .await?;
    Ok(0)
}

/// Moves a stream's checkpoint, and holds it until the transaction ends. Call it before any row is written: whoever
/// resets the checkpoints takes them before the tables too, so that the two never wait for each other.
///
/// `false` when it isn't at `from` any more; then nothing of this transaction may be committed.
pub async fn advance(
    connection: &mut PgConnection,
    stream: &str,
    from: u64,
    to: u64,
    published_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query!(
        "UPDATE projection_checkpoints SET sequence = $3, published_at = $4 WHERE stream = $1 AND sequence = $2",
        stream,
        column::sequence(from),
        column::sequence(to),
        column::time(published_at),
    )
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Moves a stream's checkpoint past messages that are no events; `false` as [`advance`].
pub(crate) async fn pass(database: impl PgExecutor<'_>, stream: &str, from: u64, to: u64) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query!(
        "UPDATE projection_checkpoints SET sequence = $3 WHERE stream = $1 AND sequence = $2",
        stream,
        column::sequence(from),
        column::sequence(to),
    )
    .execute(database)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Empties the read models and sets every checkpoint to 0, in one transaction. The active projector notices that its
/// checkpoints are gone and starts over.
pub async fn reset(database: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = database.begin_with("BEGIN; SET LOCAL statement_timeout = 0").await?;
    // In the order in which an erasure takes them.
    sqlx::query!(r#"SELECT stream FROM projection_checkpoints ORDER BY stream COLLATE "C" FOR UPDATE"#)
        .fetch_all(&mut *transaction)
        .await?;
    sqlx::query!("UPDATE projection_checkpoints SET sequence = 0, published_at = NULL")
        .execute(&mut *transaction)
        .await?;
    sqlx::query!(
        "TRUNCATE actions, audit_records, changes, conversation_messages, conversations, erased_facts, event_index,
                  integrations, members, organizations, projection_heartbeats, resources, users"
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}
