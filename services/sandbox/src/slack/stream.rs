use serde_json::{Value, json};

use super::{arguments::Arguments, chat, conversations, event, message::Message, web_api::Answer};
use crate::world::{Shared, World};

/// <https://docs.slack.dev/reference/methods/chat.startStream>
pub(super) fn start(world: &Shared, arguments: &Arguments) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let thread = arguments.text("thread_ts").ok_or("invalid_thread_ts")?;
    let mut message = chat::from_bot(world, channel);
    message.text = piece(arguments)?;
    message.thread_ts = Some(thread);
    message.streaming = true;
    world.messages.put(message.clone());
    chat::announce(world, &message);
    Ok(json!({ "channel": message.channel, "ts": message.ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.appendStream>
pub(super) fn append(world: &World, arguments: &Arguments) -> Answer {
    let piece = piece(arguments)?;
    let message = change(world, arguments, |message| {
        message.text.push_str(&piece);
        Ok(())
    })?;
    Ok(json!({ "channel": message.channel, "ts": message.ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.stopStream>
pub(super) fn stop(world: &World, arguments: &Arguments) -> Answer {
    let piece = piece(arguments)?;
    let message = change(world, arguments, |message| {
        let text = std::mem::take(&mut message.text) + &piece;
        // `markdown_text` is one more piece here, and not the whole content.
        let mut rest = Message::default();
        if arguments.text("markdown_text").is_none() {
            chat::write(&mut rest, arguments)?;
        } else {
            rest.blocks = arguments.json("blocks", "invalid_blocks_format")?;
            rest.metadata = arguments.json("metadata", "invalid_metadata_format")?;
        }
        message.text = text;
        message.blocks = rest.blocks;
        message.metadata = rest.metadata.or(message.metadata.take());
        message.streaming = false;
        Ok(())
    })?;
    let shown = event::shown(world, &message);
    Ok(json!({ "channel": message.channel, "ts": message.ts, "message": shown }))
}

fn change(
    world: &World,
    arguments: &Arguments,
    change: impl FnOnce(&mut Message) -> Result<(), &'static str>,
) -> Result<Message, &'static str> {
    let channel = conversations::find(world, arguments)?;
    let ts = arguments.text("ts").ok_or("message_not_found")?;
    let changed = world.messages.change(&channel, &ts, |message| {
        if message.bot_id.as_ref() != Some(&world.configuration.slack.bot_id) {
            return Err("message_not_owned_by_app");
        }
        if !message.streaming {
            return Err("message_not_in_streaming_state");
        }
        change(message)
    });
    changed.ok_or("message_not_found")?
}

/// The text of `markdown_text`, or of the `markdown_text` chunks.
fn piece(arguments: &Arguments) -> Result<String, &'static str> {
    if let Some(text) = arguments.text("markdown_text") {
        return Ok(text);
    }
    let chunks = arguments
        .json("chunks", "invalid_chunks")?
        .unwrap_or_else(|| Value::Array(Vec::new()));
    let chunks = chunks.as_array().ok_or("invalid_chunks")?.iter();
    Ok(chunks
        .filter(|chunk| chunk["type"] == "markdown_text")
        .filter_map(|chunk| chunk["text"].as_str())
        .collect())
}
