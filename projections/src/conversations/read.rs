//! Reads `conversations` and `conversation_messages`.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::Fingerprint;

/// A thread that the product takes part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// Its identity.
    pub id: Uuid,
    /// The kind of chat.
    pub connector: String,
    /// The account whose channel it is.
    pub account_id: String,
    /// The channel.
    pub channel_id: String,
    /// The message that the thread hangs on.
    pub thread_id: String,
    /// When the product was first addressed in it.
    pub started_at: DateTime<Utc>,
    /// When something last happened in it.
    pub active_at: DateTime<Utc>,
}

/// What somebody asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The identity of its answer.
    pub answer_id: Uuid,
    /// Its identifier in the chat.
    pub message_id: String,
    /// Who wrote it.
    pub author_id: String,
    /// Their name for people.
    pub author_name: Option<String>,
    /// What it says.
    pub text: String,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// `requested`, `posted` or `failed`.
    pub answer_state: String,
    /// What was answered, in Markdown.
    pub answer_text: Option<String>,
    /// Why there is no answer.
    pub answer_reason: Option<String>,
    /// What the chat calls the answer.
    pub posted_id: Option<String>,
    /// Which agent answered.
    pub agent: Option<String>,
    /// When it was answered or given up.
    pub answered_at: Option<DateTime<Utc>>,
}

/// An organization's conversations, the last active first.
pub async fn list(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    limit: u16,
) -> Result<Vec<Conversation>, sqlx::Error> {
    sqlx::query_as!(
        Conversation,
        "SELECT id, connector, account_id, channel_id, thread_id, started_at, active_at
         FROM conversations WHERE organization_id = $1 ORDER BY active_at DESC, id LIMIT $2",
        organization.as_str(),
        i64::from(limit),
    )
    .fetch_all(database)
    .await
}

/// How many conversations an organization has had.
pub async fn count(database: impl PgExecutor<'_>, organization: &OrganizationId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM conversations WHERE organization_id = $1"#,
        organization.as_str()
    )
    .fetch_one(database)
    .await
}

/// What was asked in a conversation of an organization, in the order of the log; nothing when it is another's.
pub async fn messages(
    database: impl PgExecutor<'_>,
    organization: &OrganizationId,
    conversation: Uuid,
) -> Result<Vec<Message>, sqlx::Error> {
    sqlx::query_as!(
        Message,
        "SELECT answer_id, message_id, author_id, author_name, text, sent_at, answer_state, answer_text, answer_reason,
                posted_id, agent, answered_at
         FROM conversation_messages WHERE organization_id = $1 AND conversation_id = $2 ORDER BY received, answer_id",
        organization.as_str(),
        conversation,
    )
    .fetch_all(database)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY organization_id COLLATE "C", id), '')) AS "hash!"
           FROM conversations AS entry"#
    )
    .fetch_one(database)
    .await
}

pub(crate) async fn messages_fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY organization_id COLLATE "C", conversation_id, answer_id), ''))
                      AS "hash!"
           FROM conversation_messages AS entry"#
    )
    .fetch_one(database)
    .await
}
