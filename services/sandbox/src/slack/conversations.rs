use serde_json::{Map, Value, json};

use super::{
    arguments::Arguments,
    channel::{self, Channel},
    event::shown,
    message::Message,
    web_api::Answer,
};
use crate::{configuration::Named, world::World};

/// The page size when a call names none.
const PAGE: usize = 100;

/// The id of the channel that a call names by id or name.
pub(super) fn find(world: &World, arguments: &Arguments) -> Result<String, &'static str> {
    let named = arguments.text("channel").ok_or("channel_not_found")?;
    resolve(world, &named).ok_or("channel_not_found")
}

/// The id of a channel: a configured one by id or name, one that somebody wrote in, or a person's direct messages.
pub(crate) fn resolve(world: &World, named: &str) -> Option<String> {
    let slack = &world.configuration.slack;
    let name = named.trim_start_matches('#');
    let mut channels = channel::all(world).into_iter();
    if let Some(channel) = channels.find(|it| it.id == named || it.name == name) {
        return Some(channel.id);
    }
    if let Some(user) = slack.users.iter().find(|user| user.id == named) {
        return Some(direct(&user.id));
    }
    let is_direct = slack.users.iter().any(|user| direct(&user.id) == named);
    (is_direct || !world.messages.channel(named, "").is_empty()).then(|| named.to_owned())
}

/// The direct messages of somebody with the app.
pub(crate) fn direct(user: &str) -> String {
    user.replacen('U', "D", 1)
}

/// <https://docs.slack.dev/reference/methods/conversations.open>
pub(super) fn open(world: &World, arguments: &Arguments) -> Answer {
    let id = if let Some(channel) = arguments.text("channel") {
        resolve(world, &channel)
            .filter(|id| id.starts_with('D'))
            .ok_or("channel_not_found")?
    } else {
        let users = arguments.text("users").ok_or("users_list_not_supplied")?;
        if users.contains(',') {
            // Conversations of several people do not exist here.
            return Err("method_not_supported_for_channel_type");
        }
        let user = world.configuration.slack.users.iter().find(|user| user.id == users);
        direct(&user.ok_or("user_not_found")?.id)
    };
    let is_open = !world.messages.channel(&id, "").is_empty();
    let channel = if arguments.flag("return_im") {
        described(world, &id)
    } else {
        json!({ "id": id })
    };
    Ok(json!({ "channel": channel, "no_op": is_open, "already_open": is_open }))
}

/// <https://docs.slack.dev/reference/methods/conversations.list>
pub(super) fn list(world: &World, arguments: &Arguments) -> Answer {
    let types = arguments.text("types").unwrap_or_else(|| "public_channel".into());
    let mut channels: Vec<Value> = Vec::new();
    let is_asked = |wanted: &str| types.split(',').any(|kind| kind.trim() == wanted);
    let is_listed = |channel: &Channel| {
        is_asked(if channel.is_private {
            "private_channel"
        } else {
            "public_channel"
        })
    };
    let listed = channel::all(world).into_iter().filter(is_listed);
    channels.extend(listed.map(|channel| described(world, &channel.id)));
    if is_asked("im") {
        let users = world.configuration.slack.users.iter();
        channels.extend(users.map(|user| described(world, &direct(&user.id))));
    }
    let (page, next) = page(channels, arguments)?;
    Ok(json!({ "channels": page, "response_metadata": { "next_cursor": next } }))
}

/// <https://docs.slack.dev/reference/methods/conversations.info>
pub(super) fn info(world: &World, arguments: &Arguments) -> Answer {
    let channel = find(world, arguments)?;
    Ok(json!({ "channel": described(world, &channel) }))
}

/// <https://docs.slack.dev/reference/methods/conversations.join>
pub(super) fn join(world: &World, arguments: &Arguments) -> Answer {
    let channel = find(world, arguments)?;
    Ok(json!({
        "channel": described(world, &channel),
        "warning": "already_in_channel",
        "response_metadata": { "warnings": ["already_in_channel"] },
    }))
}

/// <https://docs.slack.dev/reference/methods/conversations.history>
pub(super) fn history(world: &World, arguments: &Arguments) -> Answer {
    let channel = find(world, arguments)?;
    let all = world.messages.channel(&channel, "");
    let mut chosen: Vec<&Message> = all
        .iter()
        .filter(|message| !message.is_reply() && within(message, arguments))
        .collect();
    chosen.reverse();
    listed(world, chosen, &all, arguments)
}

/// <https://docs.slack.dev/reference/methods/conversations.replies>
pub(super) fn replies(world: &World, arguments: &Arguments) -> Answer {
    let channel = find(world, arguments)?;
    let ts = arguments.text("ts").ok_or("thread_not_found")?;
    let named = world.messages.get(&channel, &ts).ok_or("thread_not_found")?;
    let root = named.thread_ts.unwrap_or(ts);
    let all = world.messages.channel(&channel, &root);
    let in_thread = |it: &&Message| it.is_in_thread(&root) && (it.ts == root || within(it, arguments));
    listed(world, all.iter().filter(in_thread).collect(), &all, arguments)
}

fn listed(world: &World, chosen: Vec<&Message>, all: &[Message], arguments: &Arguments) -> Answer {
    let (page, next) = page(chosen, arguments)?;
    let messages: Vec<Value> = page
        .into_iter()
        .map(|message| presented(world, message, all, arguments))
        .collect();
    Ok(json!({
        "messages": messages,
        "has_more": !next.is_empty(),
        "pin_count": 0,
        "response_metadata": { "next_cursor": next },
    }))
}

fn within(message: &Message, arguments: &Arguments) -> bool {
    let inclusive = arguments.flag("inclusive");
    let after = |bound: String| message.ts > bound || (inclusive && message.ts == bound);
    let before = |bound: String| message.ts < bound || (inclusive && message.ts == bound);
    arguments.text("oldest").is_none_or(after) && arguments.text("latest").is_none_or(before)
}

/// A message with what its thread adds, and without metadata unless asked for.
fn presented(world: &World, message: &Message, all: &[Message], arguments: &Arguments) -> Value {
    let mut shown = shown(world, message);
    if !arguments.flag("include_all_metadata") {
        shown.remove("metadata");
    }
    let replies: Vec<&Message> = all
        .iter()
        .filter(|it| it.ts != message.ts && it.is_in_thread(&message.ts))
        .collect();
    if let Some(last) = replies.last() {
        shown.insert("thread_ts".into(), message.ts.as_str().into());
        shown.insert("reply_count".into(), replies.len().into());
        shown.insert("latest_reply".into(), last.ts.as_str().into());
        let mut users: Vec<&str> = replies.iter().filter_map(|reply| reply.user.as_deref()).collect();
        users.sort_unstable();
        users.dedup();
        shown.insert("reply_users_count".into(), users.len().into());
        shown.insert("reply_users".into(), users.into());
    }
    Value::Object(shown)
}

/// One page and the cursor of the next one; an empty cursor ends the list.
fn page<T>(mut all: Vec<T>, arguments: &Arguments) -> Result<(Vec<T>, String), &'static str> {
    let start = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("next:")
            .and_then(|start| start.parse::<usize>().ok())
            .ok_or("invalid_cursor")?,
    };
    let limit = arguments
        .number("limit")
        .filter(|limit| *limit > 0)
        .unwrap_or(PAGE)
        .min(1000);
    let next = if start.saturating_add(limit) < all.len() {
        format!("next:{}", start + limit)
    } else {
        String::new()
    };
    all.drain(..start.min(all.len()));
    all.truncate(limit);
    Ok((all, next))
}

fn described(world: &World, id: &str) -> Value {
    let slack = &world.configuration.slack;
    let kind = channel::kind(world, id);
    let is_shared = world.messages.is_shared(id);
    let mut channel = Map::new();
    channel.insert("id".into(), id.into());
    channel.insert("created".into(), 1_700_000_000.into());
    channel.insert("is_archived".into(), false.into());
    channel.insert("is_im".into(), (kind == "im").into());
    if kind == "im" {
        channel.insert("user".into(), id.replacen('D', "U", 1).into());
        return Value::Object(channel);
    }
    let name = channel::find(world, id).map_or_else(|| id.to_lowercase(), |it| it.name);
    let flags = [
        ("is_channel", kind == "channel"),
        ("is_group", kind == "group"),
        ("is_private", kind == "group"),
        ("is_mpim", false),
        ("is_general", false),
        ("is_shared", is_shared),
        ("is_ext_shared", is_shared),
        ("is_org_shared", false),
        ("is_member", true),
    ];
    for (name, flag) in flags {
        channel.insert(name.into(), flag.into());
    }
    channel.insert("name_normalized".into(), name.as_str().into());
    channel.insert("name".into(), name.into());
    channel.insert(
        "creator".into(),
        slack.users.first().map_or("USLACKBOT", |user: &Named| &user.id).into(),
    );
    channel.insert("context_team_id".into(), slack.team_id.as_str().into());
    channel.insert("topic".into(), json!({ "value": "", "creator": "", "last_set": 0 }));
    channel.insert("purpose".into(), json!({ "value": "", "creator": "", "last_set": 0 }));
    channel.insert("num_members".into(), (slack.users.len() + 1).into());
    Value::Object(channel)
}
