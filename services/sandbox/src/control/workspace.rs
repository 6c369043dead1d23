use serde::Deserialize;
use serde_json::json;

use super::verb::{Answer, read};
use crate::{
    clock,
    problem::Problem,
    slack::{
        channel::{self, Channel},
        stream,
    },
    world::World,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    name: String,
    id: Option<String>,
    #[serde(default)]
    private: bool,
}

/// Somebody makes a channel, with the app in it.
pub(super) fn create_channel(world: &World, body: &[u8]) -> Answer {
    let creation: Creation = read(body)?;
    let id = creation.id.unwrap_or_else(|| clock::slack_id("C"));
    let is_taken = |channel: &Channel| channel.id == id || channel.name == creation.name;
    if channel::all(world).iter().any(is_taken) {
        return Err(Problem::bad_request(format!(
            "There is a channel `{}` already.",
            creation.name
        )));
    }
    let channel = Channel {
        id: id.clone(),
        name: creation.name,
        is_private: creation.private,
    };
    channel::create(world, channel);
    Ok(json!({ "channel": id }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Workspace {
    team_id: String,
}

/// The app is installed in one more workspace. The channels are the same.
pub(super) fn create_workspace(world: &World, body: &[u8]) -> Answer {
    let Workspace { team_id } = read(body)?;
    if !team_id.starts_with('T') || team_id == world.configuration.slack.team_id {
        return Err(Problem::bad_request(format!(
            "`{team_id}` can't be one more workspace: its identifier begins with T and is not the first one's."
        )));
    }
    Ok(json!({ "bot_token": world.slack_tokens.install_in(&team_id, clock::seconds()) }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    idle_ms: Option<i64>,
    lifetime_ms: Option<i64>,
}

/// Slack ends streams after another time from now on.
pub(super) fn stream_timeout(world: &World, body: &[u8]) -> Answer {
    let limits: Limits = read(body)?;
    stream::limit(world, limits.idle_ms, limits.lifetime_ms);
    Ok(json!({}))
}
