//! `GET /conversations/{id}`: one conversation.

use axum::Json;
use infragpt_projections::conversations;

use super::Conversation;
use crate::v1::{
    Error,
    door::Reader,
    input::{Id, Nothing, Query},
};

/// One conversation
#[utoipa::path(get, path = "/conversations/{id}", operation_id = "show_conversation", tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation)))]
pub(crate) async fn get(reader: Reader, Id(id): Id, _: Query<Nothing>) -> Result<Json<Conversation>, Error> {
    let conversation = reader
        .read(async |connection, organization| conversations::find(connection, organization, id).await)
        .await?;
    conversation
        .map(|conversation| Json(conversation.into()))
        .ok_or_else(|| Error::no_such("conversation"))
}
