use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    arguments::Arguments,
    assistant, chat, conversations, file, oauth, people, reactions, scope, stream,
    token::{Access, Install},
    view,
};
use crate::{
    clock,
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
    if let Some((response, word)) = fault.as_ref().and_then(Fault::instead) {
        world.journal.call(&method, Some(&word));
        return response;
    }
    match &fault {
        Some(Fault::Error(error)) => {
            world.journal.call(&method, Some(error));
            return respond(&refused(error), "");
        }
        Some(Fault::RateLimit { seconds, status }) => {
            world.journal.call(&method, Some("ratelimited"));
            let wait = [(header::RETRY_AFTER, seconds.to_string())];
            let status = status.unwrap_or(StatusCode::TOO_MANY_REQUESTS);
            return (status, wait, respond(&refused("ratelimited"), "")).into_response();
        }
        Some(fault) => fault.before().await,
        None => {}
    }
    let mut scopes = String::new();
    let mut thread = None;
    let answer = Arguments::read(query.as_deref(), &headers, &body)
        .map_err(refused)
        .and_then(|arguments| {
            let channel = arguments.text("channel_id").or_else(|| arguments.text("channel"));
            thread = channel.zip(arguments.text("thread_ts"));
            let caller = authorize(&world, &method, &headers, &arguments).map_err(refused)?;
            if let Caller::Bot { access, .. } = &caller {
                scopes = access.scopes.join(",");
                scope::check(&method, &arguments, access)?;
            }
            dispatch(&world, &method, &caller, &headers, &arguments).map_err(refused)
        });
    let response = match answer {
        Ok(mut body) => {
            world.journal.call_in(&method, thread, None);
            body["ok"] = true.into();
            respond(&body, &scopes)
        }
        Err(body) => {
            world.journal.call_in(&method, thread, body["error"].as_str());
            respond(&body, &scopes)
        }
    };
    match fault {
        Some(fault) => fault.after(response).await,
        None => response,
    }
}

fn refused(error: &str) -> Value {
    json!({ "ok": false, "error": error })
}

fn respond(body: &Value, scopes: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache, no-store, must-revalidate"),
    ];
    let mut response = (headers, body.to_string()).into_response();
    if let Ok(scopes) = HeaderValue::from_str(scopes)
        && !scopes.is_empty()
    {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    response
}

/// Who calls.
#[derive(Debug)]
enum Caller {
    /// Somebody who needs no token.
    Anyone,
    /// The app itself.
    App,
    /// The app's bot.
    Bot { token: String, access: Access },
}

fn authorize(world: &World, method: &str, headers: &HeaderMap, arguments: &Arguments) -> Result<Caller, &'static str> {
    let slack = &world.configuration.slack;
    if matches!(method, "api.test" | "oauth.v2.access") {
        return Ok(Caller::Anyone);
    }
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| !scheme.eq_ignore_ascii_case("basic"))
        .map(|(_, token)| token.trim().to_owned());
    let token = bearer.or_else(|| arguments.text("token")).ok_or("not_authed")?;
    let access = world.slack_tokens.find(&token, clock::seconds());
    let is_app = token == slack.app_token;
    if method == "apps.connections.open" {
        return match (is_app, access) {
            (true, _) => Ok(Caller::App),
            (false, Ok(_)) => Err("not_allowed_token_type"),
            (false, Err(refusal)) => Err(refusal),
        };
    }
    if is_app {
        return Err("not_allowed_token_type");
    }
    let access = access?;
    // A token of the organization has to say which workspace it means.
    let lists = matches!(method, "conversations.list" | "users.conversations" | "users.list");
    if lists && access.install == Install::Organization {
        let team = arguments.text("team_id").ok_or("missing_argument")?;
        if team != slack.team_id {
            return Err("team_access_not_granted");
        }
    }
    Ok(Caller::Bot { token, access })
}

fn dispatch(world: &Shared, method: &str, caller: &Caller, headers: &HeaderMap, arguments: &Arguments) -> Answer {
    if let Caller::Bot { token, access } = caller {
        let install = access.install;
        match method {
            "apps.uninstall" => return oauth::uninstall(world, install, headers, arguments),
            "auth.revoke" => return Ok(oauth::revoke(world, token, install, arguments)),
            "auth.teams.list" => return Ok(people::auth_teams(world)),
            "auth.test" => return Ok(people::auth_test(world, access)),
            _ => {}
        }
    }
    match method {
        "api.test" => Ok(people::api_test(arguments)),
        "apps.connections.open" => Ok(open_connection(world)),
        "assistant.threads.setStatus" => assistant::set_status(world, arguments),
        "assistant.threads.setSuggestedPrompts" => assistant::set_suggested_prompts(world, arguments),
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
        "conversations.list" | "users.conversations" => conversations::list(world, arguments),
        "conversations.open" => conversations::open(world, arguments),
        "conversations.replies" => conversations::replies(world, arguments),
        "files.completeUploadExternal" => file::complete(world, arguments),
        "files.getUploadURLExternal" => file::upload_url(world, arguments),
        "files.info" => file::info(world, arguments),
        "oauth.v2.access" => oauth::access(world, headers, arguments),
        "reactions.add" => reactions::add(world, arguments),
        "reactions.get" => reactions::get(world, arguments),
        "reactions.remove" => reactions::remove(world, arguments),
        "team.info" => Ok(people::team(world)),
        "users.info" => people::user(world, arguments),
        "users.list" => Ok(people::list(world)),
        "views.open" => view::open(world, arguments),
        "views.publish" => view::publish(world, arguments),
        "views.update" => view::update(world, arguments),
        _ => Err("unknown_method"),
    }
}

/// <https://docs.slack.dev/reference/methods/apps.connections.open>
fn open_connection(world: &World) -> Value {
    let host = world.url.trim_start_matches("http");
    let ticket = world.hub.issue_ticket();
    json!({ "url": format!("ws{host}/slack/socket?ticket={ticket}&app_id={}", world.configuration.slack.app_id) })
}
