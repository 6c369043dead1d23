use serde::Serialize;

use super::event::channel_type;
use crate::{configuration::Named, world::World};

/// A channel that people find in the list; direct messages are none.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// The name without `#`.
    pub(crate) name: String,
    /// Only its members see it.
    #[serde(rename = "private")]
    pub(crate) is_private: bool,
}

/// Every channel: the configured ones, then those that somebody made since.
pub(crate) fn all(world: &World) -> Vec<Channel> {
    let configured = |is_private: bool| {
        move |named: &Named| Channel {
            id: named.id.clone(),
            name: named.name.clone(),
            is_private,
        }
    };
    let slack = &world.configuration.slack;
    let public = slack.channels.iter().map(configured(false));
    let mut channels: Vec<Channel> = public
        .chain(slack.private_channels.iter().map(configured(true)))
        .collect();
    world
        .surface
        .look(|kept| channels.extend(kept.channels.iter().cloned()));
    channels
}

/// The channel with this id.
pub(crate) fn find(world: &World, id: &str) -> Option<Channel> {
    all(world).into_iter().find(|channel| channel.id == id)
}

/// Somebody makes a channel, with the app in it.
pub(crate) fn create(world: &World, channel: Channel) {
    world.surface.change(|kept| kept.channels.push(channel));
}

/// `channel`, `group` or `im`: what Slack calls the kind of a conversation.
pub(crate) fn kind(world: &World, id: &str) -> &'static str {
    let is_private = || find(world, id).is_some_and(|channel| channel.is_private);
    match channel_type(id) {
        "channel" if is_private() => "group",
        kind => kind,
    }
}

/// What commands and interactions call a conversation.
pub(crate) fn name(world: &World, id: &str) -> String {
    match kind(world, id) {
        "im" => "directmessage".into(),
        "group" => "privategroup".into(),
        _ => find(world, id).map_or_else(|| "directmessage".into(), |channel| channel.name),
    }
}
