//! `tool.v1.infragpt.conversations`: what was asked lately where everybody may know of it.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgPool;

/// How many are told.
const MOST: i64 = 5;

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub conversations: Vec<Recent>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Recent {
    pub connector: String,
    pub account: String,
    pub channel: String,
    pub thread: String,
    /// What it began with; nothing where its author took that back.
    pub question: Option<String>,
    pub active_at: DateTime<Utc>,
}

pub(crate) async fn answer(database: &PgPool, organization: &OrganizationId) -> Result<Answer, sqlx::Error> {
    let conversations = sqlx::query_as!(
        Recent,
        r#"SELECT held.connector, held.account_id AS account, held.channel_id AS channel, held.thread_id AS thread,
                  held.active_at,
                  (SELECT asked.text FROM conversation_messages AS asked
                   WHERE asked.organization_id = held.organization_id AND asked.conversation_id = held.id
                   ORDER BY asked.received, asked.answer_id LIMIT 1) AS question
           FROM conversations AS held
           WHERE held.organization_id = $1 AND NOT held.is_private
           ORDER BY held.active_at DESC, held.id DESC LIMIT $2"#,
        organization.as_str(),
        MOST,
    )
    .fetch_all(database)
    .await?;
    Ok(Answer { conversations })
}
