use serde::Deserialize;
use serde_json::json;

use super::{
    gesture,
    route::{self, Way},
    verb::{Answer, read},
};
use crate::{problem::Problem, slack, world::Shared};

#[derive(Debug, Deserialize)]
struct Reaction {
    channel: Option<String>,
    ts: String,
    name: String,
    user: Option<String>,
    #[serde(default)]
    removed: bool,
    #[serde(flatten)]
    way: Way,
}

/// Somebody reacts to a message, or takes their reaction back. What is so already changes nothing and is not told.
pub(super) async fn reaction(world: &Shared, body: &[u8]) -> Answer {
    let reaction: Reaction = read(body)?;
    let route = reaction.way.route(world)?;
    let channel = gesture::channel(world, reaction.channel.as_deref())?;
    let person = gesture::person(world, reaction.user.as_deref());
    let user = person["id"].as_str().unwrap_or_default();
    let name = reaction.name.trim_matches(':');
    let unknown = || Problem::bad_request(format!("There is no message `{}` in `{channel}`.", reaction.ts));
    let before = world.messages.get(&channel, &reaction.ts).ok_or_else(unknown)?;
    let is_there = before
        .reactions
        .get(name)
        .is_some_and(|users| users.iter().any(|it| it == user));
    if is_there != reaction.removed {
        return Ok(json!({ "acked": true, "changed": false, "event_id": null, "status": null }));
    }
    let after = world.messages.change(&channel, &reaction.ts, |message| {
        let users = message.reactions.entry(name.to_owned()).or_default();
        users.retain(|it| it != user);
        if !reaction.removed {
            users.push(user.to_owned());
        }
        message.reactions.retain(|_, users| !users.is_empty());
        Ok::<_, Problem>(())
    });
    let event = slack::reacted(world, &after.ok_or_else(unknown)??, user, name, reaction.removed);
    let (delivered, id) = route::tell(world, &reaction.way, &route, &event).await;
    Ok(json!({ "acked": delivered.acked, "changed": true, "event_id": id, "status": delivered.status }))
}
