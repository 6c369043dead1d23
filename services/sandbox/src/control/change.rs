use serde::Deserialize;
use serde_json::json;

use super::{
    gesture,
    route::{self, Way},
    verb::{Answer, read},
};
use crate::{
    problem::Problem,
    slack::{self, Message},
    world::Shared,
};

#[derive(Debug, Deserialize)]
struct Edit {
    channel: Option<String>,
    ts: String,
    text: String,
    #[serde(flatten)]
    way: Way,
}

/// Somebody edits a message.
pub(super) async fn edit(world: &Shared, body: &[u8]) -> Answer {
    let edit: Edit = read(body)?;
    let channel = gesture::channel(world, edit.channel.as_deref())?;
    let edited = world.clock.next_ts();
    let change = |message: &mut Message| {
        message.text = gesture::tagged(world, &edit.text);
        message.edited = Some(edited);
    };
    changed(world, &channel, &edit.ts, &edit.way, change).await
}

#[derive(Debug, Deserialize)]
struct Delete {
    channel: Option<String>,
    ts: String,
    #[serde(flatten)]
    way: Way,
}

/// Somebody deletes a message.
pub(super) async fn delete(world: &Shared, body: &[u8]) -> Answer {
    let delete: Delete = read(body)?;
    let channel = gesture::channel(world, delete.channel.as_deref())?;
    let change = |message: &mut Message| message.deleted = true;
    changed(world, &channel, &delete.ts, &delete.way, change).await
}

async fn changed(world: &Shared, channel: &str, ts: &str, way: &Way, change: impl FnOnce(&mut Message)) -> Answer {
    let route = way.route(world)?;
    let unknown = || Problem::bad_request(format!("There is no message `{ts}` in `{channel}`."));
    let before = world.messages.get(channel, ts).ok_or_else(unknown)?;
    let after = world.messages.change(channel, ts, |message| {
        change(message);
        Ok::<_, Problem>(())
    });
    let event = slack::edited(world, &before, &after.ok_or_else(unknown)??);
    let (delivered, id) = route::tell(world, way, &route, &event).await;
    Ok(json!({ "acked": delivered.acked, "event_id": id, "event_ts": event["event_ts"], "status": delivered.status }))
}
