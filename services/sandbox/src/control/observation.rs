use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{
    installations,
    verb::{Answer, read},
};
use crate::{
    clock,
    fault::Planned,
    problem::Problem,
    slack::{Message, assistant, reactions, view},
    world::World,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    channel: Option<String>,
    thread_ts: Option<String>,
}

/// Everything that happened; `channel` and `thread_ts` narrow the messages.
pub(super) fn state(world: &World, body: &[u8]) -> Answer {
    let wanted: Wanted = read(body)?;
    let mut messages = world.messages.all();
    messages.retain(|message| wanted.channel.as_ref().is_none_or(|it| *it == message.channel));
    messages.retain(|message| wanted.thread_ts.as_ref().is_none_or(|it| message.is_in_thread(it)));
    let (count, active) = world.slack_tokens.counts(clock::seconds());
    Ok(json!({
        "github_installations": installations::all(world),
        "github_runs": installations::runs(world),
        "clerk": world.clerk.shown(),
        "slack_tokens": { "count": count, "active": active },
        "connections": world.hub.connections(),
        "connection_ids": world.hub.connection_ids(),
        "request_url": world.request_url(),
        "reactions": reactions::all(&messages),
        "statuses": assistant::statuses(world),
        "prompts": assistant::prompts(world),
        "homes": view::homes(world),
        "modals": view::modals(world).into_iter().map(|it| json!({ "user": it.user, "view": it.view })).collect::<Vec<_>>(),
        "messages": messages,
        "calls": world.journal.calls(),
        "deliveries": world.journal.deliveries(),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    channel: Option<String>,
    thread_ts: String,
    #[serde(default = "one")]
    at_least: usize,
    #[serde(default = "patience")]
    timeout_ms: u64,
}

fn one() -> usize {
    1
}

fn patience() -> u64 {
    10_000
}

/// Waits for the bot's finished messages in a thread.
pub(super) async fn replies(world: &World, body: &[u8]) -> Answer {
    let expected: Expected = read(body)?;
    let channel = super::gesture::channel(world, expected.channel.as_deref())?;
    let bot = Some(&world.configuration.slack.bot_id);
    let found = || -> Vec<Message> {
        let mut messages = world.messages.channel(&channel, &expected.thread_ts);
        messages.retain(|it| it.bot_id.as_ref() == bot && it.is_in_thread(&expected.thread_ts) && !it.streaming);
        messages
    };
    let mut changes = world.messages.changes();
    let enough = changes.wait_for(|_| found().len() >= expected.at_least);
    let satisfied = tokio::time::timeout(Duration::from_millis(expected.timeout_ms), enough)
        .await
        .is_ok();
    Ok(json!({ "satisfied": satisfied, "messages": found() }))
}

/// Plans what goes wrong.
pub(super) fn fault(world: &World, body: &[u8]) -> Answer {
    let planned: Planned = read(body)?;
    planned.check().map_err(Problem::bad_request)?;
    world.faults.plan(planned);
    Ok(json!({}))
}
