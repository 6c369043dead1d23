use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    gesture,
    route::{self, Kind, Way},
    verb::{Answer, read},
};
use crate::{
    slack::{
        Outgoing, channel, interaction,
        response_url::{self, Response},
        view,
    },
    world::Shared,
};

#[derive(Debug, Deserialize)]
struct Typed {
    /// What follows the command, or the whole line starting with `/`.
    #[serde(default)]
    text: String,
    command: Option<String>,
    channel: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    way: Way,
}

/// Somebody types a slash command.
///
/// <https://docs.slack.dev/interactivity/implementing-slash-commands/#app_command_handling>
pub(super) async fn command(world: &Shared, body: &[u8]) -> Answer {
    let typed: Typed = read(body)?;
    let route = typed.way.route_of(world, Kind::Command)?;
    let slack = &world.configuration.slack;
    let channel = gesture::channel(world, typed.channel.as_deref())?;
    let user = gesture::person(world, typed.user.as_deref());
    let (command, text) = match (&typed.command, typed.text.strip_prefix('/')) {
        (Some(command), _) => (format!("/{}", command.trim_start_matches('/')), typed.text.as_str()),
        (None, Some(line)) => {
            let (command, text) = line.split_once(' ').unwrap_or((line, ""));
            (format!("/{command}"), text)
        }
        (None, None) => (format!("/{}", slack.bot_name), typed.text.as_str()),
    };
    let author = user["id"].as_str().unwrap_or_default().to_owned();
    let trigger = view::trigger(world, &author);
    let response = Response {
        channel: channel.clone(),
        user: author,
        ..Response::default()
    };
    let payload = json!({
        "token": slack.verification_token,
        "team_id": slack.team_id,
        "team_domain": slack.team_name.to_lowercase(),
        "channel_id": channel,
        "channel_name": channel::name(world, &channel),
        "user_id": user["id"],
        "user_name": user["name"],
        "command": command,
        "text": text,
        "api_app_id": slack.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url::issue(world, response.clone()),
        "trigger_id": trigger,
    });
    let outgoing = Outgoing {
        kind: "slash_commands",
        id: trigger,
        payload,
        retry: None,
    };
    let delivered = route::deliver(world, &typed.way, &route, outgoing).await;
    if let Some(payload) = &delivered.payload {
        // A plain text is an answer too; what is none is not shown.
        let message = if payload.is_string() {
            json!({ "text": payload })
        } else {
            payload.clone()
        };
        let _ = response_url::answer(world, &response, &message);
    }
    Ok(json!({ "acked": delivered.acked, "payload": delivered.payload, "status": delivered.status }))
}

#[derive(Debug, Deserialize)]
struct Interaction {
    /// Replaces fields of a `block_actions` payload, or is another kind of payload.
    #[serde(default)]
    payload: Map<String, Value>,
    channel: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    way: Way,
}

/// Somebody presses a button.
///
/// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
pub(super) async fn interaction(world: &Shared, body: &[u8]) -> Answer {
    let pressed: Interaction = read(body)?;
    let route = pressed.way.route_of(world, Kind::Interaction)?;
    let channel = gesture::channel(world, pressed.channel.as_deref())?;
    let person = gesture::person(world, pressed.user.as_deref());
    let mut payload = interaction::payload(world, "block_actions", &person);
    payload["channel"] = interaction::place(world, &channel);
    payload["state"] = json!({ "values": {} });
    payload["actions"] = json!([]);
    for (name, value) in pressed.payload {
        payload[name] = value;
    }
    if payload["response_url"].is_null() {
        let response = Response {
            user: person["id"].as_str().unwrap_or_default().to_owned(),
            thread_ts: payload["container"]["thread_ts"].as_str().map(str::to_owned),
            message_ts: payload["container"]["message_ts"].as_str().map(str::to_owned),
            channel,
        };
        payload["response_url"] = response_url::issue(world, response).into();
    }
    if let Some(actions) = payload["actions"].as_array_mut() {
        for action in actions
            .iter_mut()
            .filter(|action| action.is_object() && action["action_ts"].is_null())
        {
            action["action_ts"] = world.clock.next_ts().into();
        }
    }
    let delivered = route::interact(world, &pressed.way, &route, payload).await;
    Ok(json!({ "acked": delivered.acked, "payload": delivered.payload, "status": delivered.status }))
}
