use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::header,
    response::IntoResponse,
    routing::{get, post},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    authorization, change, clerk, command, connection, gesture, home, installations, modal, observation, people, press,
    reaction, webhook, workspace,
};
use crate::{problem::Problem, world::Shared};

/// What a verb answers.
pub(crate) type Answer = Result<Value, Problem>;

/// The control API for people; a test keeps its list of verbs complete.
const GUIDE: &str = include_str!("../../CONTROL.md");

/// Every verb, as a refusal lists them.
const VERBS: &str = "message, edit, delete, reaction, command, press, interaction, home, assistant, submit, dismiss, \
create_channel, create_workspace, stream_timeout, disconnect, url_verification, raw_socket, slack_uninstall, expire_tokens, next_consent, github_webhook, github_app, \
github_installation, github_approve, github_rate_limit, clerk_webhook, clerk_announce, clerk_user, clerk_organization, \
clerk_membership, clerk_session, clerk_rotate_key, clerk_instance, fault, clear_faults, replies, state, reset";

/// Everything below `/control`.
pub(crate) fn routes() -> Router<Shared> {
    let guide = || async { ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], GUIDE) };
    let state = |State(world): State<Shared>| async move { observation::state(&world, &[]).map(Json) };
    Router::new()
        .route("/", get(guide))
        .route("/state", get(state).post(control_state))
        .route("/{verb}", post(control))
}

async fn control_state(State(world): State<Shared>, body: Bytes) -> impl IntoResponse {
    observation::state(&world, &body).map(Json)
}

async fn control(State(world): State<Shared>, Path(verb): Path<String>, body: Bytes) -> Result<Json<Value>, Problem> {
    perform(&world, &verb, &body).await.map(Json)
}

/// Carries out a verb.
///
/// # Errors
///
/// The verb is unknown, or its body does not fit.
pub(crate) async fn perform(world: &Shared, verb: &str, body: &[u8]) -> Answer {
    match verb {
        "message" => gesture::message(world, body).await,
        "edit" => change::edit(world, body).await,
        "delete" => change::delete(world, body).await,
        "reaction" => reaction::reaction(world, body).await,
        "command" => command::command(world, body).await,
        "press" => press::press(world, body).await,
        "interaction" => command::interaction(world, body).await,
        "home" => home::home(world, body).await,
        "assistant" => home::assistant(world, body).await,
        "submit" => modal::submit(world, body).await,
        "dismiss" => modal::dismiss(world, body).await,
        "create_channel" => workspace::create_channel(world, body),
        "create_workspace" => workspace::create_workspace(world, body),
        "stream_timeout" => workspace::stream_timeout(world, body),
        "disconnect" => connection::disconnect(world, body),
        "url_verification" => connection::url_verification(world, body).await,
        "raw_socket" => connection::raw_socket(world, body),
        "slack_uninstall" => authorization::slack_uninstall(world, body).await,
        "expire_tokens" => authorization::expire_tokens(world, body),
        "next_consent" => authorization::next_consent(world, body),
        "github_webhook" => webhook::github_webhook(world, body).await,
        "github_app" => installations::settings(world, body),
        "github_installation" => installations::change(world, body).await,
        "github_approve" => installations::approve(world, body).await,
        "github_rate_limit" => installations::rate_limit(world, body),
        "clerk_webhook" => clerk::clerk_webhook(world, body).await,
        "clerk_announce" => clerk::clerk_announce(world, body).await,
        "clerk_user" => people::clerk_user(world, body).await,
        "clerk_organization" => people::clerk_organization(world, body).await,
        "clerk_membership" => people::clerk_membership(world, body).await,
        "clerk_session" => clerk::clerk_session(world, body),
        "clerk_rotate_key" => clerk::clerk_rotate_key(world, body),
        "clerk_instance" => clerk::clerk_instance(world, body),
        "fault" => observation::fault(world, body),
        "clear_faults" => {
            world.faults.clear();
            Ok(json!({}))
        }
        "replies" => observation::replies(world, body).await,
        "reset" => {
            world.reset();
            Ok(json!({}))
        }
        _ => Err(Problem::not_found(format!(
            "There is no verb `{verb}`. The verbs are {VERBS}."
        ))),
    }
}

/// Reads a verb's body; no body is an empty object.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("The body does not fit the verb: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_explains_every_verb() {
        for verb in VERBS.split(", ") {
            assert!(
                GUIDE.contains(&format!("### `{verb}")),
                "CONTROL.md says nothing about `{verb}`"
            );
        }
    }
}
