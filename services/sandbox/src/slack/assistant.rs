use serde::Serialize;
use serde_json::{Value, json};

use super::{arguments::Arguments, conversations, surface::Thread, web_api::Answer};
use crate::{clock, world::World};

/// Slack takes a status away by itself after this time, in seconds.
const LIFETIME: i64 = 120;
/// Slack rotates through at most this many.
const MOST_MESSAGES: usize = 10;
/// Slack shows at most this many.
const MOST_PROMPTS: usize = 4;

/// What the app does right now in a thread, as people see it below.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Status {
    #[serde(rename = "status")]
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    loading_messages: Vec<String>,
    /// When it goes away, in seconds since the epoch.
    #[serde(skip)]
    until: i64,
}

/// What a person could ask in a thread.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Prompts {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    prompts: Vec<Value>,
}

/// <https://docs.slack.dev/reference/methods/assistant.threads.setStatus>
pub(super) fn set_status(world: &World, arguments: &Arguments) -> Answer {
    let thread = thread(world, arguments)?;
    if !arguments.has("status") {
        return Err("invalid_arguments");
    }
    let messages = arguments.json("loading_messages", "invalid_arguments")?;
    let messages: Vec<String> = match messages {
        Some(messages) => serde_json::from_value(messages).map_err(|_| "invalid_arguments")?,
        None => Vec::new(),
    };
    if messages.len() > MOST_MESSAGES {
        return Err("invalid_arguments");
    }
    let status = arguments.text("status");
    world.surface.change(|kept| match status {
        Some(text) => {
            let status = Status {
                text,
                loading_messages: messages,
                until: clock::seconds() + LIFETIME,
            };
            kept.statuses.insert(thread, status);
        }
        None => {
            kept.statuses.remove(&thread);
        }
    });
    Ok(json!({}))
}

/// <https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts>
pub(super) fn set_suggested_prompts(world: &World, arguments: &Arguments) -> Answer {
    let channel = channel(world, arguments)?;
    let title = arguments.text("title");
    let prompts = arguments.json("prompts", "invalid_arguments")?;
    let prompts: Vec<Value> = match prompts {
        Some(Value::Array(prompts)) if (1..=MOST_PROMPTS).contains(&prompts.len()) => prompts,
        _ => return Err("invalid_arguments"),
    };
    let is_prompt = |it: &Value| it["title"].is_string() && it["message"].is_string();
    if !prompts.iter().all(is_prompt) {
        return Err("invalid_arguments");
    }
    // Without a thread they are those of the app's messages tab.
    let thread = arguments.text("thread_ts").unwrap_or_default();
    world.surface.change(|kept| {
        kept.prompts.insert((channel, thread), Prompts { title, prompts });
    });
    Ok(json!({}))
}

/// The app has answered in a thread, or somewhere else than in one.
pub(super) fn answered(world: &World, channel: &str, thread: Option<&str>) {
    if let Some(thread) = thread {
        let thread = (channel.to_owned(), thread.to_owned());
        if world.surface.look(|kept| kept.statuses.contains_key(&thread)) {
            world.surface.change(|kept| kept.statuses.remove(&thread));
        }
    }
}

/// Every status that people see now.
pub(crate) fn statuses(world: &World) -> Vec<Value> {
    let now = clock::seconds();
    world.surface.look(|kept| {
        let current = kept.statuses.iter().filter(|(_, status)| status.until > now);
        current.map(|(thread, status)| placed(thread, status)).collect()
    })
}

/// Every suggestion there is.
pub(crate) fn prompts(world: &World) -> Vec<Value> {
    world.surface.look(|kept| {
        let all = kept.prompts.iter();
        all.map(|(thread, prompts)| placed(thread, prompts)).collect()
    })
}

fn placed((channel, thread): &Thread, what: &impl Serialize) -> Value {
    let mut value = json!(what);
    value["channel"] = channel.as_str().into();
    value["thread_ts"] = thread.as_str().into();
    value
}

fn channel(world: &World, arguments: &Arguments) -> Result<String, &'static str> {
    let named = arguments.text("channel_id").ok_or("channel_not_found")?;
    conversations::resolve(world, &named).ok_or("channel_not_found")
}

fn thread(world: &World, arguments: &Arguments) -> Result<Thread, &'static str> {
    let channel = channel(world, arguments)?;
    let thread = arguments.text("thread_ts").ok_or("invalid_thread_ts")?;
    if thread.parse::<f64>().is_err() {
        return Err("invalid_thread_ts");
    }
    Ok((channel, thread))
}
