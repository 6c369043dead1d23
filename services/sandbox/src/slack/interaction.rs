use serde_json::{Value, json};

use super::{channel, view};
use crate::world::World;

/// What every interaction says, with a trigger of its own.
///
/// <https://docs.slack.dev/reference/interaction-payloads>
pub(crate) fn payload(world: &World, kind: &str, person: &Value) -> Value {
    let slack = &world.configuration.slack;
    json!({
        "type": kind,
        "user": person,
        "api_app_id": slack.app_id,
        "token": slack.verification_token,
        "trigger_id": view::trigger(world, person["id"].as_str().unwrap_or_default()),
        "team": { "id": slack.team_id, "domain": slack.team_name.to_lowercase() },
        "enterprise": null,
        "is_enterprise_install": false,
    })
}

/// A channel as interactions name it.
pub(crate) fn place(world: &World, id: &str) -> Value {
    json!({ "id": id, "name": channel::name(world, id) })
}
