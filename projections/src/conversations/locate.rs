//! Finds the message that somebody points at, whoever's it is: for operators alone, who trace across organizations.

use sqlx::PgExecutor;
use uuid::Uuid;

use crate::column;

/// Where a message and its answer stand in EVENTS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The conversation.
    pub conversation: Uuid,
    /// The answer's identity.
    pub answer: Uuid,
    /// The sequence with which the message entered the conversation.
    pub received: i64,
    /// The sequence of the last event that is about it.
    pub last: i64,
    /// Whether it was pointed at by what was posted, not by what was asked.
    pub is_posted: bool,
}

/// The messages that `channel` knows by `message`, or that were answered by it.
///
/// # Errors
/// When the database can't be read.
pub async fn at_message(
    database: impl PgExecutor<'_>,
    channel: &str,
    message: &str,
) -> Result<Vec<Located>, sqlx::Error> {
    sqlx::query_as!(
        Located,
        r#"SELECT asked.conversation_id AS conversation, asked.answer_id AS answer, asked.received,
                  asked.sequence AS last, (asked.message_id <> $2) AS "is_posted!"
           FROM conversation_messages AS asked
           JOIN conversations AS held ON held.organization_id = asked.organization_id AND held.id = asked.conversation_id
           WHERE held.channel_id = $1 AND (asked.message_id = $2 OR asked.posted_id = $2)
           ORDER BY asked.received LIMIT 16"#,
        column::key(channel),
        column::key(message),
    )
    .fetch_all(database)
    .await
}

/// The message that an answer is for.
///
/// # Errors
/// When the database can't be read.
pub async fn of_answer(database: impl PgExecutor<'_>, answer: Uuid) -> Result<Vec<Located>, sqlx::Error> {
    sqlx::query_as!(
        Located,
        r#"SELECT conversation_id AS conversation, answer_id AS answer, received, sequence AS last, true AS "is_posted!"
           FROM conversation_messages WHERE answer_id = $1 ORDER BY received LIMIT 16"#,
        answer,
    )
    .fetch_all(database)
    .await
}
