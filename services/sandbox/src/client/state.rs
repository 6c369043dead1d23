use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    slack::{Message, assistant, block, channel, conversations, view},
    world::{Shared, World},
};

/// How many messages of a conversation the page shows.
const MOST: usize = 500;

#[derive(Debug, Deserialize)]
pub(super) struct Viewer {
    user: Option<String>,
}

/// Everything that one person sees now.
pub(super) async fn state(State(world): State<Shared>, Query(viewer): Query<Viewer>) -> Json<Value> {
    let slack = &world.configuration.slack;
    let known = slack.users.iter();
    let person = known.clone().find(|user| viewer.user.as_ref() == Some(&user.id));
    let me = person.or(slack.users.first()).map_or("", |user| user.id.as_str());
    let direct = conversations::direct(me);
    let mut channels: Vec<Value> = channel::all(&world).iter().map(|it| json!(it)).collect();
    let mut messages = Vec::new();
    for message in world.messages.all() {
        let id = &message.channel;
        let is_known = *id == direct || channels.iter().any(|it| it["id"] == **id);
        if !is_known && !id.starts_with('D') {
            // Writing in a channel is enough to make it exist.
            let is_private = channel::kind(&world, id) == "group";
            channels.push(json!({ "id": id, "name": id.to_lowercase(), "private": is_private }));
        }
        messages.push(message);
    }
    for channel in &mut channels {
        let id = channel["id"].as_str().unwrap_or_default().to_owned();
        channel["shared"] = world.messages.is_shared(&id).into();
    }
    let is_mine =
        |value: &Value| value["channel"] == direct || !is_direct(value["channel"].as_str().unwrap_or_default());
    let only_mine = |values: Vec<Value>| values.into_iter().filter(is_mine).collect::<Vec<_>>();
    let modals = view::modals(&world).into_iter().filter(|modal| modal.user == me);
    Json(json!({
        "team": { "id": slack.team_id, "name": slack.team_name },
        "bot": { "user": slack.bot_user, "id": slack.bot_id, "name": slack.bot_name, "app_id": slack.app_id },
        "people": known.map(|user| json!({ "id": user.id, "name": user.name })).collect::<Vec<_>>(),
        "me": me,
        "channels": channels,
        "direct": direct,
        "connections": world.hub.connections(),
        "request_url": world.request_url(),
        "messages": visible(&world, messages, me, &direct),
        "statuses": only_mine(assistant::statuses(&world)),
        "prompts": only_mine(assistant::prompts(&world)),
        "home": view::home(&world, me),
        "modals": modals.map(|modal| modal.view).collect::<Vec<_>>(),
    }))
}

fn is_direct(channel: &str) -> bool {
    channel.starts_with('D')
}

/// The messages that somebody sees, with ids on all blocks; a deleted one stays visible while its thread has others.
fn visible(world: &World, messages: Vec<Message>, me: &str, direct: &str) -> Vec<Value> {
    let is_seen = |message: &Message| {
        (message.channel == direct || !is_direct(&message.channel))
            && message.ephemeral_to.as_ref().is_none_or(|user| user == me)
    };
    let mut seen: Vec<Message> = messages.into_iter().filter(is_seen).collect();
    let has_replies: Vec<bool> = seen
        .iter()
        .map(|root| root.deleted && seen.iter().any(|it| is_reply_to(it, root)))
        .collect();
    let mut keep = has_replies.into_iter();
    seen.retain(|message| keep.next().unwrap_or_default() || !message.deleted);
    let mut later = std::collections::HashMap::new();
    let mut shown: Vec<Value> = Vec::new();
    for message in seen.iter().rev() {
        let count: &mut usize = later.entry(&message.channel).or_default();
        *count += 1;
        if *count <= MOST {
            shown.push(described(world, message));
        }
    }
    shown.reverse();
    shown
}

fn is_reply_to(message: &Message, root: &Message) -> bool {
    !message.deleted
        && message.channel == root.channel
        && message.ts != root.ts
        && message.thread_ts.as_ref() == Some(&root.ts)
}

fn described(world: &World, message: &Message) -> Value {
    let mut value = json!(message);
    if message.deleted {
        for hidden in [
            "text",
            "blocks",
            "attachments",
            "files",
            "reactions",
            "tasks",
            "metadata",
        ] {
            value[hidden] = Value::Null;
        }
        return value;
    }
    if let Some(blocks) = &message.blocks {
        value["blocks"] = block::identified(blocks);
    }
    let slack = &world.configuration.slack;
    value["own"] =
        (message.bot_id.as_ref() == Some(&slack.bot_id) || message.user.as_ref() == Some(&slack.bot_user)).into();
    value
}
