use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Map, Value, json};

use super::{channel, conversations, message::Message, token::Install, view};
use crate::{clock, world::World};

/// What somebody did in a channel, as the app gets told.
#[derive(Clone, Debug)]
pub(crate) struct Gesture {
    pub(crate) message: Message,
    /// The workspace that the event names; tests name ones that nobody connected.
    pub(crate) team_id: String,
}

/// The inner event of a message: `kind` is `message` or `app_mention`.
///
/// <https://docs.slack.dev/reference/events/message>, <https://docs.slack.dev/reference/events/app_mention>
pub(crate) fn gesture(world: &World, kind: &str, Gesture { message, team_id }: &Gesture) -> Value {
    let mut event = shown(world, message);
    event.insert("type".into(), kind.into());
    event.insert("team".into(), team_id.as_str().into());
    event.insert("channel".into(), message.channel.as_str().into());
    event.insert("event_ts".into(), message.ts.as_str().into());
    if message.bot_id.is_none() && message.subtype.is_none() {
        event.insert("client_msg_id".into(), client_message_id(&message.ts).into());
    }
    if kind == "message" {
        event.insert("channel_type".into(), channel::kind(world, &message.channel).into());
    }
    Value::Object(event)
}

/// The inner event of an edited or deleted message.
///
/// <https://docs.slack.dev/reference/events/message/message_changed>
pub(crate) fn edited(world: &World, before: &Message, after: &Message) -> Value {
    let ts = world.clock.next_ts();
    let previous = Value::Object(shown(world, before));
    let mut event = json!({
        "type": "message",
        "subtype": "message_changed",
        "channel": after.channel,
        "channel_type": channel::kind(world, &after.channel),
        "hidden": true,
        "ts": ts,
        "event_ts": ts,
        "previous_message": previous,
    });
    if after.deleted {
        event["subtype"] = "message_deleted".into();
        event["deleted_ts"] = after.ts.as_str().into();
    } else {
        event["message"] = Value::Object(shown(world, after));
    }
    event
}

/// What somebody's reaction to a message is told as, or that they took it back.
///
/// <https://docs.slack.dev/reference/events/reaction_added>
pub(crate) fn reacted(world: &World, message: &Message, user: &str, name: &str, removed: bool) -> Value {
    json!({
        "type": if removed { "reaction_removed" } else { "reaction_added" },
        "user": user,
        "reaction": name,
        "item_user": message.user,
        "item": { "type": "message", "channel": message.channel, "ts": message.ts },
        "event_ts": world.clock.next_ts(),
    })
}

/// What opening the app's own page is told as; `tab` is `home` or `messages`.
///
/// <https://docs.slack.dev/reference/events/app_home_opened>
pub(crate) fn home_opened(world: &World, user: &str, tab: &str) -> Value {
    let mut event = json!({
        "type": "app_home_opened",
        "user": user,
        "channel": conversations::direct(user),
        "tab": tab,
        "event_ts": world.clock.next_ts(),
    });
    if let Some(view) = view::home(world, user).filter(|_| tab == "home") {
        event["view"] = view;
    }
    event
}

/// What opening a conversation with the app is told as.
///
/// <https://docs.slack.dev/reference/events/assistant_thread_started>
pub(crate) fn assistant_started(world: &World, user: &str, thread: &str, from: Option<&str>) -> Value {
    let mut context = json!({ "team_id": world.configuration.slack.team_id, "enterprise_id": null });
    if let Some(channel) = from {
        context["channel_id"] = channel.into();
    }
    json!({
        "type": "assistant_thread_started",
        "assistant_thread": {
            "user_id": user,
            "context": context,
            "channel_id": conversations::direct(user),
            "thread_ts": thread,
        },
        "event_ts": world.clock.next_ts(),
    })
}

/// What tells an app that tokens of its bot do not work any more.
///
/// <https://docs.slack.dev/reference/events/tokens_revoked>
pub(crate) fn tokens_revoked(world: &World) -> Value {
    let bot = &world.configuration.slack.bot_user;
    json!({ "type": "tokens_revoked", "tokens": { "oauth": [], "bot": [bot] }, "event_ts": world.clock.next_ts() })
}

/// What tells an app that it is not installed any more.
///
/// <https://docs.slack.dev/reference/events/app_uninstalled>
pub(crate) fn app_uninstalled(world: &World) -> Value {
    json!({ "type": "app_uninstalled", "event_ts": world.clock.next_ts() })
}

/// The outer envelope of an event in the workspace, under a fresh id.
pub(crate) fn envelope(world: &World, install: Install, event: &Value) -> Value {
    envelope_of(
        world,
        install,
        &world.configuration.slack.team_id,
        &clock::slack_id("Ev"),
        event,
    )
}

/// The outer envelope of every event; an installation on the whole organization names no workspace in `authorizations`.
///
/// <https://docs.slack.dev/apis/events-api/#callback-field>
pub(crate) fn envelope_of(world: &World, install: Install, team_id: &str, event_id: &str, event: &Value) -> Value {
    let slack = &world.configuration.slack;
    let context = json!({ "et": event["type"], "tid": team_id, "aid": slack.app_id, "cid": event["channel"] });
    let channel = event["channel"].as_str().or(event["item"]["channel"].as_str());
    let is_shared = channel.is_some_and(|channel| world.messages.is_shared(channel));
    let is_organization = install == Install::Organization;
    let enterprise = is_organization.then_some(&slack.enterprise.id);
    let mut envelope = json!({
        "token": slack.verification_token,
        "team_id": team_id,
        "context_team_id": team_id,
        "context_enterprise_id": enterprise,
        "api_app_id": slack.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": clock::seconds(),
        "authorizations": [{
            "enterprise_id": enterprise,
            "team_id": if is_organization { None } else { Some(team_id) },
            "user_id": slack.bot_user,
            "is_bot": true,
            "is_enterprise_install": is_organization,
        }],
        "is_ext_shared_channel": is_shared,
        "event_context": format!("4-{}", STANDARD_NO_PAD.encode(context.to_string())),
    });
    if let Some(enterprise) = enterprise {
        envelope["enterprise_id"] = enterprise.as_str().into();
    }
    envelope
}

/// A message as the Web API and events show it.
pub(crate) fn shown(world: &World, message: &Message) -> Map<String, Value> {
    let slack = &world.configuration.slack;
    let mut shown = Map::new();
    shown.insert("type".into(), "message".into());
    shown.insert("ts".into(), message.ts.as_str().into());
    shown.insert("text".into(), message.text.as_str().into());
    shown.insert("team".into(), slack.team_id.as_str().into());
    let texts = [
        ("user", &message.user),
        ("bot_id", &message.bot_id),
        ("thread_ts", &message.thread_ts),
        ("subtype", &message.subtype),
        ("username", &message.username),
        ("app_id", &message.app_id),
        ("user_team", &message.user_team),
        ("source_team", &message.user_team),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            shown.insert(name.into(), value.as_str().into());
        }
    }
    if let Some(root) = message.thread_ts.as_ref().filter(|root| **root != message.ts)
        && let Some(parent) = world.messages.get(&message.channel, root)
    {
        shown.insert("parent_user_id".into(), parent.user.into());
    }
    if message.bot_id.as_ref() == Some(&slack.bot_id) {
        shown.insert("app_id".into(), slack.app_id.as_str().into());
        shown.insert("bot_profile".into(), super::people::bot_profile(world));
    } else if let (Some(bot), Some(app)) = (&message.bot_id, &message.app_id) {
        let name = message.username.as_ref().unwrap_or(app);
        let profile = json!({ "id": bot, "app_id": app, "name": name, "team_id": slack.team_id, "deleted": false });
        shown.insert("bot_profile".into(), profile);
    }
    let written = (!message.text.is_empty()).then(|| rich_text(&message.text));
    let values = [
        ("attachments", &message.attachments),
        ("files", &message.files),
        ("metadata", &message.metadata),
        ("blocks", &message.blocks.clone().or(written)),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            shown.insert(name.into(), value.clone());
        }
    }
    if let Some(ts) = &message.edited {
        shown.insert("edited".into(), json!({ "user": message.user, "ts": ts }));
    }
    if !message.reactions.is_empty() {
        let reactions = message.reactions.iter();
        shown.insert(
            "reactions".into(),
            reactions
                .map(|(name, users)| json!({ "name": name, "users": users, "count": users.len() }))
                .collect(),
        );
    }
    shown
}

/// What a person writes arrives with the blocks of Slack's editor.
fn rich_text(text: &str) -> Value {
    let mut elements = Vec::new();
    let mut rest = text;
    while let Some((before, (user, after))) = rest
        .split_once("<@")
        .and_then(|(before, tail)| Some((before, tail.split_once('>')?)))
    {
        if !before.is_empty() {
            elements.push(json!({ "type": "text", "text": before }));
        }
        elements.push(json!({ "type": "user", "user_id": user }));
        rest = after;
    }
    if !rest.is_empty() {
        elements.push(json!({ "type": "text", "text": rest }));
    }
    let section = json!({ "type": "rich_text_section", "elements": elements });
    json!([{ "type": "rich_text", "block_id": "b1", "elements": [section] }])
}

/// `channel`, `group` or `im`, by the first letter of the id.
pub(super) fn channel_type(channel: &str) -> &'static str {
    match channel.as_bytes().first() {
        Some(b'D') => "im",
        Some(b'G') => "group",
        _ => "channel",
    }
}

/// The same gesture has the same id, however often it is delivered.
fn client_message_id(ts: &str) -> String {
    let digest = hex::encode(ring::digest::digest(&ring::digest::SHA256, ts.as_bytes()));
    format!(
        "{}-{}-4{}-8{}-{}",
        &digest[..8],
        &digest[8..12],
        &digest[13..16],
        &digest[17..20],
        &digest[20..32]
    )
}
