use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    gesture,
    route::{self, Way},
    verb::{Answer, read},
};
use crate::{clock, slack::Outgoing, world::Shared};

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
    let route = typed.way.route(world)?;
    let slack = &world.configuration.slack;
    let channel = gesture::channel(world, typed.channel.as_deref())?;
    let named = slack.channels.iter().find(|it| it.id == channel);
    let user = gesture::person(world, typed.user.as_deref());
    let (command, text) = match (&typed.command, typed.text.strip_prefix('/')) {
        (Some(command), _) => (format!("/{}", command.trim_start_matches('/')), typed.text.as_str()),
        (None, Some(line)) => {
            let (command, text) = line.split_once(' ').unwrap_or((line, ""));
            (format!("/{command}"), text)
        }
        (None, None) => (format!("/{}", slack.bot_name), typed.text.as_str()),
    };
    let trigger = clock::slack_id("trigger.");
    let payload = json!({
        "token": slack.verification_token,
        "team_id": slack.team_id,
        "team_domain": slack.team_name.to_lowercase(),
        "channel_id": channel,
        "channel_name": named.map_or("directmessage", |it| it.name.as_str()),
        "user_id": user["id"],
        "user_name": user["name"],
        "command": command,
        "text": text,
        "api_app_id": slack.app_id,
        "is_enterprise_install": "false",
        "response_url": format!("{}/slack/response/{channel}", world.url),
        "trigger_id": trigger,
    });
    let outgoing = Outgoing {
        kind: "slash_commands",
        id: trigger,
        payload,
        retry: None,
    };
    let delivered = route::deliver(world, &typed.way, &route, outgoing).await;
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
    let route = pressed.way.route(world)?;
    let slack = &world.configuration.slack;
    let channel = gesture::channel(world, pressed.channel.as_deref())?;
    let named = slack.channels.iter().find(|it| it.id == channel);
    let trigger = clock::slack_id("trigger.");
    let mut payload = json!({
        "type": "block_actions",
        "user": gesture::person(world, pressed.user.as_deref()),
        "api_app_id": slack.app_id,
        "token": slack.verification_token,
        "trigger_id": trigger,
        "team": { "id": slack.team_id, "domain": slack.team_name.to_lowercase() },
        "enterprise": null,
        "is_enterprise_install": false,
        "channel": { "id": channel, "name": named.map_or("directmessage", |it| it.name.as_str()) },
        "response_url": format!("{}/slack/response/{channel}", world.url),
        "state": { "values": {} },
        "actions": [],
    });
    for (name, value) in pressed.payload {
        payload[name] = value;
    }
    if let Some(actions) = payload["actions"].as_array_mut() {
        for action in actions
            .iter_mut()
            .filter(|action| action.is_object() && action["action_ts"].is_null())
        {
            action["action_ts"] = world.clock.next_ts().into();
        }
    }
    let outgoing = Outgoing {
        kind: "interactive",
        id: trigger,
        payload,
        retry: None,
    };
    let delivered = route::deliver(world, &pressed.way, &route, outgoing).await;
    Ok(json!({ "acked": delivered.acked, "payload": delivered.payload, "status": delivered.status }))
}
