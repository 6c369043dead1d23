use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, header},
};
use serde_json::{Map, Value};

use crate::{control, problem::Problem, world::Shared};

/// What people can do on the page; each is the verb of the control API with that name.
const GESTURES: [&str; 10] = [
    "assistant",
    "command",
    "delete",
    "dismiss",
    "edit",
    "home",
    "message",
    "press",
    "reaction",
    "submit",
];

/// How long the page waits for the app, in milliseconds: Slack's own limit is 3 s.
const LONGEST_WAIT: u64 = 4_000;

/// Somebody does something on the page. It reaches the app the way that the app uses.
pub(super) async fn gesture(
    State(world): State<Shared>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    if !GESTURES.contains(&verb.as_str()) {
        return Err(Problem::not_found(format!("Nobody can `{verb}` on the page.")));
    }
    // Pages of other origins cannot send this type without asking first, and nobody answers them.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind != Some("application/json") {
        return Err(Problem::bad_request("The body has to be application/json."));
    }
    let mut body: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("The body is no JSON object: {error}.")))?;
    body.insert("via".into(), "usual".into());
    // Redelivery goes on after that, but nobody sits and waits for it.
    body.entry("timeout_ms").or_insert_with(|| LONGEST_WAIT.into());
    let body = Value::Object(body).to_string();
    control::perform(&world, &verb, body.as_bytes()).await.map(Json)
}
