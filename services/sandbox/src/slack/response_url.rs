use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::chat;
use crate::world::Shared;

/// Takes what an app sends to the `response_url` of a command or an interaction.
///
/// <https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses>
pub(super) async fn respond(
    State(world): State<Shared>,
    Path(channel): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    world.journal.call("response_url", None);
    let mut message = chat::from_bot(&world, channel);
    body["text"].as_str().unwrap_or_default().clone_into(&mut message.text);
    message.blocks = Some(body["blocks"].clone()).filter(Value::is_array);
    message.thread_ts = body["thread_ts"].as_str().map(str::to_owned);
    if message.text.is_empty() && message.blocks.is_none() {
        return (StatusCode::BAD_REQUEST, "no_text").into_response();
    }
    if body["response_type"] != "in_channel" {
        message.ephemeral_to = world.configuration.slack.users.first().map(|user| user.id.clone());
    }
    world.messages.put(message);
    "ok".into_response()
}
