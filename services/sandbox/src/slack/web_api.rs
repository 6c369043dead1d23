use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{arguments::Arguments, chat, conversations, people, reactions, stream};
use crate::{
    fault::Fault,
    world::{Shared, World},
};

/// What a method answers besides `ok`, or Slack's name for the error.
pub(super) type Answer = Result<Value, &'static str>;

/// One call of the Web API.
///
/// <https://docs.slack.dev/apis/web-api/>
pub(super) async fn call(
    State(world): State<Shared>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = world.faults.take(&method);
    match &fault {
        Some(Fault::Error(error)) => {
            world.journal.call(&method, Some(error));
            return respond(&json!({ "ok": false, "error": error }));
        }
        Some(Fault::RateLimit(seconds)) => {
            world.journal.call(&method, Some("ratelimited"));
            let body = respond(&json!({ "ok": false, "error": "ratelimited" }));
            return (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, seconds.to_string())],
                body,
            )
                .into_response();
        }
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::HangAfter) | None => {}
    }
    let answer = Arguments::read(query.as_deref(), &headers, &body).and_then(|arguments| {
        authorize(&world, &method, &headers, &arguments)?;
        dispatch(&world, &method, &arguments)
    });
    world.journal.call(&method, answer.as_ref().err().copied());
    if fault == Some(Fault::HangAfter) {
        // Longer than any client waits; stopping the sandbox ends it.
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
    match answer {
        Ok(mut body) => {
            body["ok"] = true.into();
            respond(&body)
        }
        Err(error) => respond(&json!({ "ok": false, "error": error })),
    }
}

fn respond(body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache, no-store, must-revalidate"),
        (header::HeaderName::from_static("x-oauth-scopes"), people::SCOPES),
    ];
    (headers, body.to_string()).into_response()
}

fn authorize(world: &World, method: &str, headers: &HeaderMap, arguments: &Arguments) -> Result<(), &'static str> {
    let slack = &world.configuration.slack;
    if method == "api.test" {
        return Ok(());
    }
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|value| value.split_once(' '))
        .map(|(_, token)| token.trim().to_owned());
    let token = bearer.or_else(|| arguments.text("token")).ok_or("not_authed")?;
    let (expected, other) = match method {
        "apps.connections.open" => (&slack.app_token, &slack.bot_token),
        _ => (&slack.bot_token, &slack.app_token),
    };
    match token {
        token if token == *expected => Ok(()),
        token if token == *other => Err("not_allowed_token_type"),
        _ => Err("invalid_auth"),
    }
}

fn dispatch(world: &Shared, method: &str, arguments: &Arguments) -> Answer {
    match method {
        "api.test" => Ok(people::api_test(arguments)),
        "apps.connections.open" => Ok(open_connection(world)),
        "assistant.threads.setStatus" => chat::set_status(world, arguments),
        "auth.test" => Ok(people::auth_test(world)),
        "bots.info" => people::bot(world, arguments),
        "chat.appendStream" => stream::append(world, arguments),
        "chat.delete" => chat::delete(world, arguments),
        "chat.getPermalink" => chat::permalink(world, arguments),
        "chat.postEphemeral" => chat::post_ephemeral(world, arguments),
        "chat.postMessage" => chat::post(world, arguments),
        "chat.startStream" => stream::start(world, arguments),
        "chat.stopStream" => stream::stop(world, arguments),
        "chat.update" => chat::update(world, arguments),
        "conversations.history" => conversations::history(world, arguments),
        "conversations.info" => conversations::info(world, arguments),
        "conversations.join" => conversations::join(world, arguments),
        "conversations.list" | "users.conversations" => Ok(conversations::list(world, arguments)),
        "conversations.replies" => conversations::replies(world, arguments),
        "reactions.add" => reactions::add(world, arguments),
        "reactions.get" => reactions::get(world, arguments),
        "reactions.remove" => reactions::remove(world, arguments),
        "team.info" => Ok(people::team(world)),
        "users.info" => people::user(world, arguments),
        "users.list" => Ok(people::list(world)),
        "views.publish" => people::publish_view(arguments),
        _ => Err("unknown_method"),
    }
}

/// <https://docs.slack.dev/reference/methods/apps.connections.open>
fn open_connection(world: &World) -> Value {
    let host = world.url.trim_start_matches("http");
    let ticket = world.hub.issue_ticket();
    json!({ "url": format!("ws{host}/slack/socket?ticket={ticket}&app_id={}", world.configuration.slack.app_id) })
}
