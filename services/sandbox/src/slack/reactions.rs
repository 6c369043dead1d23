use serde_json::{Value, json};

use super::{arguments::Arguments, conversations, event, message::Message, web_api::Answer};
use crate::world::World;

/// <https://docs.slack.dev/reference/methods/reactions.add>
pub(super) fn add(world: &World, arguments: &Arguments) -> Answer {
    let bot = world.configuration.slack.bot_user.clone();
    change(world, arguments, |message, name| {
        let users = message.reactions.entry(name).or_default();
        if users.contains(&bot) {
            return Err("already_reacted");
        }
        users.push(bot);
        Ok(())
    })
}

/// <https://docs.slack.dev/reference/methods/reactions.remove>
pub(super) fn remove(world: &World, arguments: &Arguments) -> Answer {
    let bot = &world.configuration.slack.bot_user;
    change(world, arguments, |message, name| {
        let users = message.reactions.get_mut(&name).ok_or("no_reaction")?;
        let position = users.iter().position(|user| user == bot).ok_or("no_reaction")?;
        users.remove(position);
        if users.is_empty() {
            message.reactions.remove(&name);
        }
        Ok(())
    })
}

/// <https://docs.slack.dev/reference/methods/reactions.get>
pub(super) fn get(world: &World, arguments: &Arguments) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let ts = arguments.text("timestamp").ok_or("no_item_specified")?;
    let message = world.messages.get(&channel, &ts).ok_or("message_not_found")?;
    Ok(json!({ "type": "message", "channel": channel, "message": event::shown(world, &message) }))
}

/// Every reaction there is, for `state`.
pub(crate) fn all(messages: &[Message]) -> Vec<Value> {
    let of = |message: &Message| {
        let (channel, ts) = (message.channel.clone(), message.ts.clone());
        let reactions = message.reactions.clone().into_iter();
        reactions.map(move |(name, users)| json!({ "channel": channel, "ts": ts, "name": name, "users": users }))
    };
    messages.iter().flat_map(of).collect()
}

fn change(
    world: &World,
    arguments: &Arguments,
    change: impl FnOnce(&mut Message, String) -> Result<(), &'static str>,
) -> Answer {
    let channel = conversations::find(world, arguments)?;
    let ts = arguments.text("timestamp").ok_or("no_item_specified")?;
    let name = arguments
        .text("name")
        .ok_or("invalid_name")?
        .trim_matches(':')
        .to_owned();
    world
        .messages
        .change(&channel, &ts, |message| change(message, name))
        .ok_or("message_not_found")??;
    Ok(json!({}))
}
