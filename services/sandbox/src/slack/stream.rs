use serde_json::{Value, json};

use super::{
    arguments::Arguments,
    assistant, chat, conversations, event,
    message::{Message, Mode},
    task::{self, Task},
    web_api::Answer,
};
use crate::{
    clock,
    world::{Shared, World},
};

/// When Slack ends a stream by itself, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// After this time without a piece.
    pub(crate) idle: i64,
    /// After this time, whatever comes.
    pub(crate) lifetime: i64,
}

impl Default for Limits {
    fn default() -> Self {
        // Slack documents neither; apps saw streams end after about five minutes.
        Self {
            idle: 300_000,
            lifetime: 306_000,
        }
    }
}

/// Streams end after other times from now on.
pub(crate) fn limit(world: &World, idle: Option<i64>, lifetime: Option<i64>) {
    world.surface.change(|kept| {
        let limits = &mut kept.limits;
        limits.idle = idle.unwrap_or(limits.idle);
        limits.lifetime = lifetime.unwrap_or(limits.lifetime);
    });
}

/// What one call adds.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    tasks: Vec<Task>,
    blocks: Vec<Value>,
    /// Absent when it adds nothing.
    mode: Option<Mode>,
}

/// <https://docs.slack.dev/reference/methods/chat.startStream>
pub(super) fn start(world: &Shared, arguments: &Arguments) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let thread = arguments.text("thread_ts").ok_or("invalid_thread_ts")?;
    if !channel.starts_with('D') {
        arguments.text("recipient_team_id").ok_or("missing_recipient_team_id")?;
        arguments.text("recipient_user_id").ok_or("missing_recipient_user_id")?;
    }
    let mut message = chat::from_bot(world, channel);
    add(&mut message, piece(arguments)?)?;
    message.thread_ts = Some(thread);
    message.streaming = true;
    message.markdown = true;
    message.started = clock::milliseconds();
    message.appended = message.started;
    assistant::answered(world, &message.channel, message.thread_ts.as_deref());
    world.messages.put(message.clone());
    chat::announce(world, &message);
    Ok(json!({ "channel": message.channel, "ts": message.ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.appendStream>
pub(super) fn append(world: &World, arguments: &Arguments) -> Answer {
    let piece = piece(arguments)?;
    let message = change(world, arguments, |message| {
        message.appended = clock::milliseconds();
        add(message, piece)
    })?;
    Ok(json!({ "channel": message.channel, "ts": message.ts }))
}

/// <https://docs.slack.dev/reference/methods/chat.stopStream>
pub(super) fn stop(world: &World, arguments: &Arguments) -> Answer {
    let piece = piece(arguments)?;
    let message = change(world, arguments, |message| {
        add(message, piece)?;
        let text = std::mem::take(&mut message.text);
        // `markdown_text` is one more piece here, and not the whole content.
        let mut rest = Message::default();
        if arguments.text("markdown_text").is_none() {
            chat::write(&mut rest, arguments)?;
        } else {
            rest.blocks = arguments.json("blocks", "invalid_blocks_format")?;
            rest.metadata = arguments.json("metadata", "invalid_metadata_format")?;
        }
        message.text = text;
        message.blocks = rest.blocks.or(message.blocks.take());
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
    let limits = world.surface.look(|kept| kept.limits);
    let now = clock::milliseconds();
    let mut is_over = false;
    let changed = world.messages.change(&channel, &ts, |message| {
        if message.bot_id.as_ref() != Some(&world.configuration.slack.bot_id) {
            return Err("message_not_owned_by_app");
        }
        if message.streaming && (now - message.appended > limits.idle || now - message.started > limits.lifetime) {
            // The message stays as far as it came.
            message.streaming = false;
            is_over = true;
            return Ok(());
        }
        if !message.streaming {
            return Err("message_not_in_streaming_state");
        }
        change(message)
    });
    match changed.ok_or("message_not_found")? {
        Ok(_) if is_over => Err("message_not_in_streaming_state"),
        outcome => outcome,
    }
}

/// Adds a piece to the message. The first one decides whether all come as text or all as chunks.
fn add(message: &mut Message, piece: Piece) -> Result<(), &'static str> {
    if let Some(mode) = piece.mode {
        if message.mode.is_some_and(|before| before != mode) {
            return Err("streaming_mode_mismatch");
        }
        message.mode = Some(mode);
    }
    message.text.push_str(&piece.text);
    for task in piece.tasks {
        task::merge(&mut message.tasks, task);
    }
    if !piece.blocks.is_empty() {
        let blocks = message.blocks.get_or_insert_with(|| json!([]));
        if let Some(blocks) = blocks.as_array_mut() {
            blocks.extend(piece.blocks);
        }
    }
    Ok(())
}

/// `markdown_text`, or `chunks`.
fn piece(arguments: &Arguments) -> Result<Piece, &'static str> {
    let chunks = arguments.json("chunks", "invalid_chunks")?;
    if let Some(text) = arguments.text("markdown_text") {
        if chunks.is_some() {
            return Err("invalid_arguments");
        }
        chat::fits(&text)?;
        return Ok(Piece {
            text,
            mode: Some(Mode::Text),
            ..Piece::default()
        });
    }
    let mut piece = Piece::default();
    let Some(chunks) = chunks else { return Ok(piece) };
    for chunk in chunks.as_array().ok_or("invalid_chunks")? {
        piece.mode = Some(Mode::Chunks);
        match chunk["type"].as_str().unwrap_or_default() {
            "markdown_text" => {
                let text = chunk["text"].as_str().ok_or("invalid_chunks")?;
                chat::fits(text)?;
                piece.text.push_str(text);
            }
            "task_update" => piece.tasks.push(task::read(chunk).ok_or("invalid_chunks")?),
            "plan_update" if chunk["title"].is_string() => {}
            "blocks" => piece
                .blocks
                .extend(chunk["blocks"].as_array().ok_or("invalid_chunks")?.iter().cloned()),
            _ => return Err("invalid_chunks"),
        }
    }
    Ok(piece)
}
