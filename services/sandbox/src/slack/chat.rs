use serde_json::{Value, json};

use super::{arguments::Arguments, assistant, conversations, delivery, event, message::Message, web_api::Answer};
use crate::world::{Shared, World};

/// Slack refuses longer texts.
const LONGEST_TEXT: usize = 40_000;
/// Slack refuses longer Markdown.
const LONGEST_MARKDOWN: usize = 12_000;
/// Slack refuses more blocks.
const MOST_BLOCKS: usize = 50;

/// <https://docs.slack.dev/reference/methods/chat.postMessage>
pub(super) fn post(world: &Shared, arguments: &Arguments) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let mut message = from_bot(world, channel);
    write(&mut message, arguments)?;
    if is_empty(&message) {
        return Err("no_text");
    }
    message.thread_ts = arguments.text("thread_ts");
    if message.thread_ts.is_some() && arguments.flag("reply_broadcast") {
        message.subtype = Some("thread_broadcast".into());
    }
    publish(world, &message);
    Ok(json!({ "channel": message.channel, "ts": message.ts, "message": event::shown(world, &message) }))
}

/// <https://docs.slack.dev/reference/methods/chat.postEphemeral>
pub(super) fn post_ephemeral(world: &Shared, arguments: &Arguments) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let user = arguments.text("user").ok_or("user_not_in_channel")?;
    let mut message = from_bot(world, channel);
    write(&mut message, arguments)?;
    if is_empty(&message) {
        return Err("no_text");
    }
    message.thread_ts = arguments.text("thread_ts");
    message.ephemeral_to = Some(user);
    let ts = message.ts.clone();
    world.messages.put(message);
    Ok(json!({ "message_ts": ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.update>
pub(super) fn update(world: &Shared, arguments: &Arguments) -> Answer {
    let (before, ts) = own(world, arguments, "cant_update_message")?;
    if before.streaming {
        return Err("streaming_state_conflict");
    }
    let edited = world.clock.next_ts();
    let after = world
        .messages
        .change(&before.channel, &ts, |message| {
            // What an update leaves out goes away, but metadata stays.
            if arguments.text("text").is_some() || arguments.text("markdown_text").is_some() {
                message.blocks = None;
                message.markdown = false;
                message.tasks.clear();
            }
            // From now on it is a message like any other.
            message.mode = None;
            write(message, arguments)?;
            message.edited = Some(edited);
            if is_empty(message) { Err("no_text") } else { Ok(()) }
        })
        .ok_or("message_not_found")??;
    tell(world, &event::edited(world, &before, &after));
    Ok(json!({
        "channel": after.channel,
        "ts": ts,
        "text": after.text,
        "message": event::shown(world, &after),
    }))
}

/// <https://docs.slack.dev/reference/methods/chat.delete>
pub(super) fn delete(world: &Shared, arguments: &Arguments) -> Answer {
    let (before, ts) = own(world, arguments, "cant_delete_message")?;
    let deleted = world.messages.change(&before.channel, &ts, |message| {
        message.deleted = true;
        Ok::<_, &'static str>(())
    });
    let after = deleted.ok_or("message_not_found")??;
    tell(world, &event::edited(world, &before, &after));
    Ok(json!({ "channel": after.channel, "ts": ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.getPermalink>
pub(super) fn permalink(world: &World, arguments: &Arguments) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let ts = arguments.text("message_ts").ok_or("message_not_found")?;
    world.messages.get(&channel, &ts).ok_or("message_not_found")?;
    let permalink = format!("{}/archives/{channel}/p{}", world.url, ts.replace('.', ""));
    Ok(json!({ "channel": channel, "permalink": permalink }))
}

/// A message of the app, without content yet.
pub(super) fn from_bot(world: &World, channel: String) -> Message {
    let slack = &world.configuration.slack;
    Message {
        channel,
        ts: world.clock.next_ts(),
        user: Some(slack.bot_user.clone()),
        bot_id: Some(slack.bot_id.clone()),
        ..Message::default()
    }
}

/// Writes the content that a call carries into a message.
pub(super) fn write(message: &mut Message, arguments: &Arguments) -> Result<(), &'static str> {
    if let Some(text) = arguments.text("text") {
        if text.chars().count() > LONGEST_TEXT {
            return Err("msg_too_long");
        }
        message.text = text;
    }
    if let Some(markdown) = arguments.text("markdown_text") {
        if arguments.text("text").is_some() || arguments.json("blocks", "invalid_blocks")?.is_some() {
            return Err("markdown_text_conflict");
        }
        fits(&markdown)?;
        message.text = markdown;
        message.markdown = true;
    }
    if let Some(blocks) = arguments.json("blocks", "invalid_blocks_format")? {
        message.blocks = Some(checked_blocks(blocks)?);
    }
    if let Some(attachments) = arguments.json("attachments", "invalid_attachments")? {
        message.attachments = Some(attachments);
    }
    if let Some(metadata) = arguments.json("metadata", "invalid_metadata_format")? {
        if !metadata["event_type"].is_string() || !metadata["event_payload"].is_object() {
            return Err("invalid_metadata_schema");
        }
        message.metadata = Some(metadata);
    }
    Ok(())
}

/// Whether Slack takes this much Markdown at once.
pub(super) fn fits(markdown: &str) -> Result<(), &'static str> {
    if markdown.chars().count() > LONGEST_MARKDOWN {
        return Err("msg_too_long");
    }
    Ok(())
}

fn checked_blocks(blocks: Value) -> Result<Value, &'static str> {
    let list = blocks.as_array().ok_or("invalid_blocks_format")?;
    let markdown = |block: &&Value| block["type"] == "markdown";
    let length: usize = list
        .iter()
        .filter(markdown)
        .filter_map(|it| it["text"].as_str())
        .map(|it| it.chars().count())
        .sum();
    if list.len() > MOST_BLOCKS || list.iter().any(|block| !block["type"].is_string()) || length > LONGEST_MARKDOWN {
        return Err("invalid_blocks");
    }
    Ok(blocks)
}

fn is_empty(message: &Message) -> bool {
    let is_absent = |value: &Option<Value>| value.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty);
    message.text.is_empty() && is_absent(&message.blocks) && is_absent(&message.attachments)
}

/// The message of this app that a call means.
fn own(world: &World, arguments: &Arguments, refusal: &'static str) -> Result<(Message, String), &'static str> {
    let channel = conversations::find(world, arguments)?;
    let ts = arguments.text("ts").ok_or("message_not_found")?;
    let message = world.messages.get(&channel, &ts).ok_or("message_not_found")?;
    if message.bot_id.as_ref() == Some(&world.configuration.slack.bot_id) {
        Ok((message, ts))
    } else {
        Err(refusal)
    }
}

/// Shows a new message of the app, which ends its status in the thread.
pub(super) fn publish(world: &Shared, message: &Message) {
    world.messages.put(message.clone());
    assistant::answered(world, &message.channel, message.thread_ts.as_deref());
    announce(world, message);
}

/// Tells the app of its own new message, as Slack does.
pub(super) fn announce(world: &Shared, message: &Message) {
    let gesture = event::Gesture {
        message: message.clone(),
        team_id: world.configuration.slack.team_id.clone(),
    };
    tell(world, &event::gesture(world, "message", &gesture));
}

fn tell(world: &Shared, event: &Value) {
    let payload = event::envelope(world, world.slack_tokens.install(), event);
    delivery::tell(world, vec![payload]);
}
