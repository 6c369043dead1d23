//! A conversation, as the API shows it.

use chrono::{DateTime, Utc};
use infragpt_projections::conversations;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A thread in which the product was asked something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conversation {
    /// Its identity.
    id: Uuid,
    /// The kind of chat.
    connector: String,
    /// The account whose channel it is.
    account_id: String,
    /// The channel.
    channel_id: String,
    /// The message that the thread hangs on.
    thread_id: String,
    /// When the product was first addressed in it.
    started_at: DateTime<Utc>,
    /// When something last happened in it.
    active_at: DateTime<Utc>,
}

impl From<conversations::Conversation> for Conversation {
    fn from(conversation: conversations::Conversation) -> Self {
        Self {
            id: conversation.id,
            connector: conversation.connector,
            account_id: conversation.account_id,
            channel_id: conversation.channel_id,
            thread_id: conversation.thread_id,
            started_at: conversation.started_at,
            active_at: conversation.active_at,
        }
    }
}
