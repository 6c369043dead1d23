//! What a stored fact from Slack means: pure, so that a replay says the same.

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind,
    conversation::{Addressed, Author, ConversationCommand, Message, Place},
    integration::{IntegrationCommand, Resource, ResourceKind},
};
use infragpt_nats::Received;
use serde::de::DeserializeOwned;

use super::{
    EventType,
    payload::{self, Callback, Kind, Left, Member, Named, Outer, Revoked},
    text,
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
        /// What to do.
        action: Box<Action>,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A person wrote something.
    Converse {
        /// The command, with its place.
        command: ConversationCommand,
        /// The message starts a thread of its own, so the conversation isn't likely to exist yet.
        root: bool,
    },
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
    let Some(Kind { kind }) = outer.event else {
        return Ok(Interpretation::Nothing("it carries no event"));
    };
    let name = kind.as_str();
    match kind {
        EventType::AppMention | EventType::Message => message(&read(name, &received.payload)?, &kind),
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
    let callback: Callback<payload::Message> = serde_json::from_slice(&received.payload).ok()?;
    let account = (*callback.accounts().first()?).to_owned();
    let event = callback.event;
    Some(format!(
        "{account}:{}:{}",
        event.channel,
        event.thread_ts.unwrap_or(event.ts)
    ))
}

fn read<T: DeserializeOwned>(kind: &str, payload: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(payload).map_err(|error| Malformed {
        kind: kind.to_owned(),
        problem: json_problem(&error),
    })
}

fn act<E>(callback: &Callback<E>, user: Option<&str>, action: Action) -> Interpretation {
    let accounts: Vec<String> = callback.accounts().into_iter().map(str::to_owned).collect();
    if accounts.is_empty() {
        return Interpretation::Nothing("it names no workspace");
    }
    let actor = user.map_or_else(|| "slack".to_owned(), |user| format!("slack:{user}"));
    Interpretation::Act {
        accounts,
        actor,
        action: Box::new(action),
    }
}

fn message(callback: &Callback<payload::Message>, kind: &EventType) -> Result<Interpretation, Malformed> {
    let event = &callback.event;
    let Some(user) = event.user.as_deref() else {
        return Ok(Interpretation::Nothing("nobody wrote it"));
    };
    // An app_mention may come without authorizations; what it mentions first is then taken for us.
    let said = event.text.as_deref().unwrap_or_default();
    let mention = *kind == EventType::AppMention;
    let bot = callback
        .bot()
        .or_else(|| mention.then(|| text::first_mention(said)).flatten());
    if let Some(reason) = ignored(event, user, bot) {
        return Ok(Interpretation::Nothing(reason));
    }
    let named = mention || bot.is_some_and(|bot| text::mentions(said, bot));
    let root = event.thread_ts.as_ref().is_none_or(|thread| *thread == event.ts);
    let addressed = match (named, event.channel_type.as_deref(), root) {
        (true, ..) => Addressed::Mention,
        (false, Some("im"), _) => Addressed::Direct,
        (false, _, false) => Addressed::Thread,
        (false, _, true) => return Ok(Interpretation::Nothing("it addresses somebody else")),
    };
    let sent_at = timestamp(&event.ts).ok_or_else(|| Malformed {
        kind: kind.to_string(),
        problem: "`ts` isn't a timestamp".to_owned(),
    })?;
    let Some(account) = callback.accounts().first().map(|account| (*account).to_owned()) else {
        return Ok(Interpretation::Nothing("it names no workspace"));
    };
    let place = Place {
        connector: connector(),
        account,
        channel: event.channel.clone(),
        thread: event.thread_ts.clone().unwrap_or_else(|| event.ts.clone()),
    };
    let message = Message {
        id: event.ts.clone(),
        author: Author {
            id: user.to_owned(),
            name: None,
        },
        text: text::plain(said, bot),
        sent_at,
    };
    let command = ConversationCommand::ReceiveMessage {
        place,
        message,
        addressed,
    };
    Ok(act(callback, Some(user), Action::Converse { command, root }))
}

/// Why nobody answers this message, if nobody does.
fn ignored(event: &payload::Message, user: &str, bot: Option<&str>) -> Option<&'static str> {
    if event.bot_id.is_some() || user == "USLACKBOT" {
        return Some("a bot wrote it");
    }
    if Some(user) == bot {
        return Some("we wrote it");
    }
    if event.hidden {
        return Some("it is hidden");
    }
    match event.subtype.as_deref() {
        None | Some("file_share" | "thread_broadcast") => None,
        Some(_) => Some("it is an edit, a deletion or a notice"),
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
fn timestamp(ts: &str) -> Option<DateTime<Utc>> {
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
