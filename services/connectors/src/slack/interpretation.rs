//! What a stored fact from Slack means: pure, so that a replay says the same.

mod commands;
mod gestures;
mod interactions;
mod messages;

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind,
    channel::{ChannelCommand, Spot},
    conversation::{Addressed, ConversationCommand, Message, Place},
    integration::{IntegrationCommand, Resource, ResourceKind},
};
use infragpt_nats::Received;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{
    EventType,
    payload::{self, Callback, Kind, Left, Member, Named, Outer, Revoked},
};
use crate::text::json_problem;

/// What is to be done about a fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Interpretation {
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// Do it for whoever claimed the first claimed one of `accounts`.
    Act {
        /// The workspace, then the enterprise it belongs to.
        accounts: Vec<String>,
        /// `slack:<user>`, or `slack` where nobody is named.
        actor: String,
        /// Whether another company sees it, or somebody of one did it: the organization's rules say whether that counts.
        shared: bool,
        /// What to do.
        action: Box<Action>,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something was written.
    Converse {
        /// Where.
        place: Place,
        /// What.
        message: Message,
        /// How it addresses us; where it does not, who else the channel may want to be answered.
        address: Address,
        /// Whether the channel is private, where the fact says so.
        is_private: Option<bool>,
        /// The message starts a thread of its own, so the conversation isn't likely to exist yet.
        root: bool,
    },
    /// Somebody did something about a conversation.
    Steer {
        /// Where that takes place.
        place: Place,
        /// What they did.
        command: ConversationCommand,
    },
    /// Somebody reacted to a message: whose conversation that is, the log says.
    React {
        /// Where.
        spot: Spot,
        /// The message.
        message_id: String,
        /// What it means.
        reaction: Reaction,
        /// Who.
        by: String,
    },
    /// Somebody decided on a proposed action.
    Decide {
        /// Which.
        action: Uuid,
        /// Whether it may happen.
        approve: bool,
        /// Who, as Slack calls them.
        by: String,
        /// Where they are told if they may not.
        spot: Spot,
    },
    /// Somebody says what of a channel is answered.
    Watch(Spot, ChannelCommand),
    /// Somebody opened a place of ours that shows something.
    Open(Opened),
    /// The connection changed.
    Integrate(IntegrationCommand),
    /// We were added to a channel whose name the event doesn't tell: a name that is known stays.
    Join(Resource),
    /// A channel has a new name, which matters only where we are in it. The privacy is kept.
    Rename {
        /// The channel.
        id: String,
        /// Its new name.
        name: String,
    },
}

/// How a message addresses us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// It does.
    Ours(Addressed),
    /// It doesn't: a person wrote it to whoever reads the channel.
    Channel,
    /// Another application of this name posted it.
    App(String),
}

/// A reaction that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// End what is being answered.
    Stop,
    /// Where did this answer come from?
    Explain,
}

/// A place of ours that shows something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The application's own page.
    Home {
        /// Who looks at it.
        user: String,
    },
    /// A new thread of the assistant.
    Thread {
        /// Who opened it.
        user: String,
        /// Where.
        channel: String,
        /// Its first message.
        thread: String,
    },
}

/// A payload that isn't what its type documents. It goes to the dead letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload can't be read as Slack's `{kind}`: {problem}")]
pub struct Malformed {
    /// What it should have been.
    pub kind: String,
    /// Where it is wrong.
    pub problem: String,
}

/// Reads a fact.
///
/// # Errors
/// [`Malformed`] when it isn't JSON, or not what its own type documents.
pub fn interpret(received: &Received) -> Result<Interpretation, Malformed> {
    let outer: Outer = read("event_callback", &received.payload)?;
    let Some(Kind { kind, subtype }) = outer.event else {
        return match (outer.kind, outer.command) {
            (Some(EventType::BlockActions), _) => Ok(interactions::pressed(&read("block_actions", &received.payload)?)),
            (None, Some(_)) => Ok(commands::typed(&read("slash_commands", &received.payload)?, received)),
            _ => Ok(Interpretation::Nothing("it carries no event")),
        };
    };
    let name = kind.as_str();
    match kind {
        EventType::Message if subtype.as_deref() == Some("message_changed") => {
            Ok(gestures::edited(&read(name, &received.payload)?))
        }
        EventType::Message if subtype.as_deref() == Some("message_deleted") => {
            Ok(gestures::deleted(&read(name, &received.payload)?))
        }
        EventType::AppMention | EventType::Message => messages::written(&read(name, &received.payload)?, &kind),
        EventType::ReactionAdded => Ok(gestures::reacted(&read(name, &received.payload)?)),
        EventType::AppHomeOpened => Ok(gestures::opened_home(&read(name, &received.payload)?)),
        EventType::AssistantThreadStarted => Ok(gestures::opened_thread(&read(name, &received.payload)?)),
        EventType::MemberJoinedChannel => Ok(member(&read(name, &received.payload)?, true)),
        EventType::MemberLeftChannel => Ok(member(&read(name, &received.payload)?, false)),
        EventType::ChannelJoined | EventType::GroupJoined => {
            let callback: Callback<Named> = read(name, &received.payload)?;
            let private = callback.event.channel.is_private || kind == EventType::GroupJoined;
            let channel = &callback.event.channel;
            let resources = vec![resource(&channel.id, &channel.name, private)];
            Ok(act(
                &callback,
                None,
                Action::Integrate(IntegrationCommand::GrantResources { resources }),
            ))
        }
        EventType::ChannelLeft | EventType::GroupLeft | EventType::ChannelDeleted | EventType::GroupDeleted => {
            let callback: Callback<Left> = read(name, &received.payload)?;
            Ok(act(&callback, None, withdraw(&callback.event.channel)))
        }
        EventType::ChannelRename | EventType::GroupRename => {
            let callback: Callback<Named> = read(name, &received.payload)?;
            let payload::Channel { id, name, .. } = &callback.event.channel;
            Ok(act(
                &callback,
                None,
                Action::Rename {
                    id: id.clone(),
                    name: name.clone(),
                },
            ))
        }
        EventType::AppUninstalled => {
            let callback: Callback<Kind> = read(name, &received.payload)?;
            Ok(act(&callback, None, disconnect("The app was uninstalled in Slack")))
        }
        EventType::TokensRevoked => {
            let callback: Callback<Revoked> = read(name, &received.payload)?;
            if callback.event.tokens.bot.is_empty() {
                return Ok(Interpretation::Nothing("only tokens of users were revoked"));
            }
            Ok(act(&callback, None, disconnect("The bot's token was revoked in Slack")))
        }
        _ => Ok(Interpretation::Nothing("its type means nothing to us")),
    }
}

/// The key that keeps a conversation's facts in order: `team:channel:thread`, or the account where there is no message.
pub(super) fn route_key(received: &Received) -> Option<String> {
    let callback: Callback<payload::Keyed> = serde_json::from_slice(&received.payload).ok()?;
    let account = (*callback.accounts().first()?).to_owned();
    let thread = callback.event.thread()?;
    Some(format!("{account}:{}:{thread}", callback.event.channel))
}

fn read<T: DeserializeOwned>(kind: &str, payload: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(payload).map_err(|error| Malformed {
        kind: kind.to_owned(),
        problem: json_problem(&error),
    })
}

fn act<E>(callback: &Callback<E>, user: Option<&str>, action: Action) -> Interpretation {
    act_in(&callback.accounts(), user, callback.is_ext_shared_channel, action)
}

fn act_in(accounts: &[&str], user: Option<&str>, shared: bool, action: Action) -> Interpretation {
    if accounts.is_empty() {
        return Interpretation::Nothing("it names no workspace");
    }
    Interpretation::Act {
        accounts: accounts.iter().map(|account| (*account).to_owned()).collect(),
        actor: user.map_or_else(|| "slack".to_owned(), |user| format!("slack:{user}")),
        shared,
        action: Box::new(action),
    }
}

/// A channel of the account that a fact is about.
fn spot(account: &str, channel: &str) -> Spot {
    Spot {
        connector: connector(),
        account: account.to_owned(),
        channel: channel.to_owned(),
    }
}

/// A thread of a channel.
fn place(account: &str, channel: &str, thread: &str) -> Place {
    Place {
        connector: connector(),
        account: account.to_owned(),
        channel: channel.to_owned(),
        thread: thread.to_owned(),
    }
}

fn member(callback: &Callback<Member>, joined: bool) -> Interpretation {
    let Member {
        user,
        channel,
        channel_type,
    } = &callback.event;
    if callback.bot() != Some(user.as_str()) {
        return Interpretation::Nothing("somebody else joined or left");
    }
    if joined {
        let private = channel_type.as_deref() == Some("G");
        act(callback, None, Action::Join(resource(channel, channel, private)))
    } else {
        act(callback, None, withdraw(channel))
    }
}

fn withdraw(channel: &str) -> Action {
    Action::Integrate(IntegrationCommand::WithdrawResources {
        kind: ResourceKind::Channel,
        resource_ids: vec![channel.to_owned()],
    })
}

fn disconnect(reason: &str) -> Action {
    Action::Integrate(IntegrationCommand::Disconnect {
        reason: reason.to_owned(),
    })
}

pub(super) fn resource(id: &str, name: &str, private: bool) -> Resource {
    Resource {
        kind: ResourceKind::Channel,
        id: id.to_owned(),
        name: name.to_owned(),
        url: None,
        private,
    }
}

/// Slack's message identifiers are seconds with six digits behind the point.
pub(super) fn timestamp(ts: &str) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let digits = fraction.get(..fraction.len().min(6))?;
    let scale = 10_u32.pow(6 - u32::try_from(digits.len()).ok()?);
    let microseconds: u32 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    DateTime::from_timestamp(seconds.parse().ok()?, microseconds * scale * 1_000)
}

/// How this connector is called in the events.
pub fn connector() -> ConnectorKind {
    crate::catalogue::connector_kind("slack")
}

#[cfg(test)]
mod tests;
