//! `GET /conversations/{id}/messages`: what was asked in a conversation, and what was answered.

use axum::Json;
use chrono::{DateTime, Utc};
use infragpt_projections::conversations;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::v1::{
    Error,
    door::Reader,
    input::{Cursor, Id, Limit, List, Query},
    words,
};

/// Which messages are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<Cursor>, inline)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<Limit>, inline)]
    limit: Limit,
}

/// What somebody asked, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// Its identifier in the chat.
    id: String,
    /// Who wrote it, by their identifier in the chat.
    author_id: String,
    /// Their name, where the chat told it.
    author_name: Option<String>,
    /// What it says.
    text: String,
    /// When it was sent.
    sent_at: DateTime<Utc>,
    /// What came of it.
    answer: Answer,
}

/// An answer, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answer {
    /// Its identity.
    id: Uuid,
    /// Whether it was posted.
    #[schema(value_type = words::AnswerState)]
    state: String,
    /// What it says, in Markdown.
    text: Option<String>,
    /// Why there is none.
    reason: Option<String>,
    /// Its identifier in the chat.
    posted_id: Option<String>,
    /// Which agent wrote it.
    agent: Option<String>,
    /// When it was posted or given up.
    answered_at: Option<DateTime<Utc>>,
}

impl From<conversations::Message> for Message {
    fn from(message: conversations::Message) -> Self {
        Self {
            id: message.message_id,
            author_id: message.author_id,
            author_name: message.author_name,
            text: message.text,
            sent_at: message.sent_at,
            answer: Answer {
                id: message.answer_id,
                state: message.answer_state,
                text: message.answer_text,
                reason: message.answer_reason,
                posted_id: message.posted_id,
                agent: message.agent,
                answered_at: message.answered_at,
            },
        }
    }
}

/// What was asked in a conversation, and what was answered
#[utoipa::path(get, path = "/conversations/{id}/messages", operation_id = "list_messages", tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation"), ListMessages),
    responses((status = 200, description = "Messages, in the order in which they came", body = List<Message>)))]
pub(crate) async fn get(
    reader: Reader,
    Id(id): Id,
    Query(query): Query<ListMessages>,
) -> Result<Json<List<Message>>, Error> {
    let after = query.cursor.key()?;
    let (conversation, page) = reader
        .read(async |connection, organization| {
            let after = after.as_ref();
            let page = conversations::messages_page(connection, organization, id, after, query.limit.0).await?;
            Ok((conversations::find(connection, organization, id).await?, page))
        })
        .await?;
    conversation.ok_or_else(|| Error::no_such("conversation"))?;
    List::of(page).map(Json)
}
