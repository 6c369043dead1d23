//! Reads `conversations` and `conversation_messages`.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::{Fingerprint, Page, column, page::one_more};

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

struct MessageRow {
    answer_id: Uuid,
    message_id: String,
    author_id: String,
    author_name: Option<String>,
    text: String,
    sent_at: DateTime<Utc>,
    received: i64,
    answer_state: String,
    answer_text: Option<String>,
    answer_reason: Option<String>,
    posted_id: Option<String>,
    agent: Option<String>,
    answered_at: Option<DateTime<Utc>>,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        Self {
            answer_id: row.answer_id,
            message_id: row.message_id,
            author_id: row.author_id,
            author_name: row.author_name,
            text: row.text,
            sent_at: row.sent_at,
            answer_state: row.answer_state,
            answer_text: row.answer_text,
            answer_reason: row.answer_reason,
            posted_id: row.posted_id,
            agent: row.agent,
            answered_at: row.answered_at,
        }
    }
}

/// Which conversations are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those in this channel.
    pub channel: Option<String>,
    /// Only those in which something happened last from this time on.
    pub since: Option<DateTime<Utc>>,
    /// Only those in which something happened last before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Where a page of conversations ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// When something last happened in the last of them.
    pub active_at: DateTime<Utc>,
    /// The last of them.
    pub id: Uuid,
}

/// Where a page of messages ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageKey {
    /// The place in the log where the last of them entered the conversation.
    pub received: i64,
    /// The answer to the last of them.
    pub answer_id: Uuid,
}

/// The conversations of an organization that pass `filter`, the last active first.
///
/// # Errors
/// When the database can't be read.
pub async fn page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Conversation, Key>, sqlx::Error> {
    let since = column::time(filter.since.unwrap_or(DateTime::<Utc>::MIN_UTC));
    let before = before(filter.until, after);
    // A statement for each set of filters, so that each has one plan with the index made for it.
    macro_rules! rows {
        ($condition:tt $(, $value:expr)?) => {
            sqlx::query_as!(
                Conversation,
                "SELECT id, connector, account_id, channel_id, thread_id, started_at, active_at
                 FROM conversations
                 WHERE organization_id = $1 AND NOT is_private AND active_at >= $2 AND (active_at, id) < ($3, $4)"
                    + $condition
                    + "ORDER BY active_at DESC, id DESC LIMIT $5",
                organization.as_str(),
                since,
                before.active_at,
                before.id,
                one_more(limit),
                $($value,)?
            )
            .fetch_all(connection)
            .await?
        };
    }
    let rows = match &filter.channel {
        Some(channel) => rows!(" AND channel_id = $6 ", column::key(channel)),
        None => rows!(" "),
    };
    Ok(Page::cut(rows, limit, |conversation| Key {
        active_at: conversation.active_at,
        id: conversation.id,
    }))
}

/// What a page has to come before: the end of the last one, or of the time that was asked for.
fn before(until: Option<DateTime<Utc>>, after: Option<&Key>) -> Key {
    let until = Key {
        active_at: column::time(until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
        // At that very time nothing stands before this one, and without a time nothing stands behind it.
        id: if until.is_some() { Uuid::nil() } else { Uuid::max() },
    };
    match after {
        Some(key) => until.min(Key {
            active_at: column::time(key.active_at),
            id: key.id,
        }),
        None => until,
    }
}

/// One conversation of an organization; none when it is another's, or private.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    id: Uuid,
) -> Result<Option<Conversation>, sqlx::Error> {
    sqlx::query_as!(
        Conversation,
        "SELECT id, connector, account_id, channel_id, thread_id, started_at, active_at
         FROM conversations WHERE organization_id = $1 AND id = $2 AND NOT is_private",
        organization.as_str(),
        id,
    )
    .fetch_optional(connection)
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
///
/// # Errors
/// When the database can't be read.
pub async fn messages_page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    conversation: Uuid,
    after: Option<&MessageKey>,
    limit: u16,
) -> Result<Page<Message, MessageKey>, sqlx::Error> {
    let (received, answer_id) = after.map_or((i64::MIN, Uuid::nil()), |key| (key.received, key.answer_id));
    let rows = sqlx::query_as!(
        MessageRow,
        "SELECT answer_id, message_id, author_id, author_name, text, sent_at, received, answer_state, answer_text,
                answer_reason, posted_id, agent, answered_at
         FROM conversation_messages
         WHERE organization_id = $1 AND conversation_id = $2 AND (received, answer_id) > ($3, $4)
         ORDER BY received, answer_id LIMIT $5",
        organization.as_str(),
        conversation,
        received,
        answer_id,
        one_more(limit),
    )
    .fetch_all(connection)
    .await?;
    Ok(Page::cut(rows, limit, |row| MessageKey {
        received: row.received,
        answer_id: row.answer_id,
    }))
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
