//! The parts of Slack's payloads that are understood.

use serde::Deserialize;

use super::EventType;

/// The outer payload of the Events API. <https://docs.slack.dev/apis/events-api/#callback-field>
#[derive(Debug, Deserialize)]
pub(super) struct Callback<E> {
    pub team_id: Option<String>,
    pub enterprise_id: Option<String>,
    #[serde(default = "Vec::new")]
    pub authorizations: Vec<Authorization>,
    /// Ours.
    pub api_app_id: Option<String>,
    /// Whether the channel is shared with another company.
    #[serde(default)]
    pub is_ext_shared_channel: bool,
    pub event: E,
}

/// The installation that an event is delivered for.
#[derive(Debug, Deserialize)]
pub(super) struct Authorization {
    pub team_id: Option<String>,
    pub enterprise_id: Option<String>,
    pub user_id: Option<String>,
    #[serde(default)]
    pub is_bot: bool,
}

impl<E> Callback<E> {
    /// The workspace, or the enterprise when there is none: as it is stored, claimed and answered in.
    pub fn accounts(&self) -> Vec<&str> {
        let authorization = self.authorizations.first();
        let mut accounts: Vec<&str> = Vec::with_capacity(2);
        let candidates = [
            authorization.and_then(|authorization| authorization.team_id.as_deref()),
            authorization
                .is_none_or(|authorization| authorization.team_id.is_none())
                .then_some(self.team_id.as_deref())
                .flatten(),
            authorization.and_then(|authorization| authorization.enterprise_id.as_deref()),
            authorization
                .is_none()
                .then_some(self.enterprise_id.as_deref())
                .flatten(),
        ];
        for account in candidates.into_iter().flatten() {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        accounts
    }

    /// Our own user in that workspace.
    pub fn bot(&self) -> Option<&str> {
        self.authorizations
            .iter()
            .find(|authorization| authorization.is_bot)?
            .user_id
            .as_deref()
    }
}

/// Only what kind of event it is, to decide how to read the rest.
#[derive(Debug, Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type")]
    pub kind: EventType,
    pub subtype: Option<String>,
}

/// The outer payload when nothing is known about it: interactions and commands have no inner event.
#[derive(Debug, Deserialize)]
pub(super) struct Outer {
    #[serde(rename = "type")]
    pub kind: Option<EventType>,
    /// The name of a slash command.
    pub command: Option<String>,
    pub event: Option<Kind>,
}

/// `app_mention` and `message`. <https://docs.slack.dev/reference/events/message>
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub user: Option<String>,
    pub text: Option<String>,
    pub ts: String,
    pub thread_ts: Option<String>,
    pub channel: String,
    pub channel_type: Option<String>,
    pub subtype: Option<String>,
    pub bot_id: Option<String>,
    /// The application that posted it.
    pub app_id: Option<String>,
    /// The name under which another application posts.
    pub username: Option<String>,
    pub bot_profile: Option<Profile>,
    /// The workspace of whoever wrote it, which in a shared channel may be another company's.
    pub user_team: Option<String>,
    #[serde(default)]
    pub hidden: bool,
    #[serde(default = "Vec::new")]
    pub files: Vec<File>,
    #[serde(default = "Vec::new")]
    pub attachments: Vec<serde_json::Value>,
    #[serde(default = "Vec::new")]
    pub blocks: Vec<serde_json::Value>,
}

/// Another application. <https://docs.slack.dev/reference/events/message/bot_message>
#[derive(Debug, Deserialize)]
pub(super) struct Profile {
    pub name: Option<String>,
}

/// What of a message says in which thread it, or what was changed by it, stands.
#[derive(Debug, Deserialize)]
pub(super) struct Keyed {
    pub channel: String,
    ts: Option<String>,
    thread_ts: Option<String>,
    message: Option<Version>,
    previous_message: Option<Version>,
}

impl Keyed {
    /// The first message of the thread.
    pub fn thread(&self) -> Option<&str> {
        let changed = self.message.as_ref().or(self.previous_message.as_ref());
        match changed {
            Some(version) => Some(version.thread_ts.as_deref().unwrap_or(&version.ts)),
            None => self.thread_ts.as_deref().or(self.ts.as_deref()),
        }
    }
}

/// A file that somebody sent with a message.
#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub name: Option<String>,
    pub title: Option<String>,
}

/// `message` with the subtype `message_changed`. <https://docs.slack.dev/reference/events/message/message_changed>
#[derive(Debug, Deserialize)]
pub(super) struct Edited {
    pub channel: String,
    pub message: Version,
    pub previous_message: Option<Version>,
}

/// `message` with the subtype `message_deleted`. <https://docs.slack.dev/reference/events/message/message_deleted>
#[derive(Debug, Deserialize)]
pub(super) struct Deleted {
    pub channel: String,
    #[serde(rename = "deleted_ts")]
    pub ts: String,
    pub previous_message: Option<Version>,
}

/// A message before or after a change.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub ts: String,
    pub thread_ts: Option<String>,
    pub user: Option<String>,
    pub bot_id: Option<String>,
    pub text: Option<String>,
}

/// `reaction_added`. <https://docs.slack.dev/reference/events/reaction_added>
#[derive(Debug, Deserialize)]
pub(super) struct Reaction {
    pub user: String,
    #[serde(rename = "reaction")]
    pub name: String,
    pub item: Item,
}

/// What a reaction is on.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub kind: String,
    pub channel: Option<String>,
    pub ts: Option<String>,
}

/// `app_home_opened`. <https://docs.slack.dev/reference/events/app_home_opened>
#[derive(Debug, Deserialize)]
pub(super) struct HomeOpened {
    pub user: String,
    pub tab: Option<String>,
}

/// `assistant_thread_started`. <https://docs.slack.dev/reference/events/assistant_thread_started>
#[derive(Debug, Deserialize)]
pub(super) struct AssistantStarted {
    pub assistant_thread: AssistantThread,
}

/// The thread of the assistant that somebody opened.
#[derive(Debug, Deserialize)]
pub(super) struct AssistantThread {
    pub user_id: String,
    pub channel_id: String,
    pub thread_ts: String,
}

/// `block_actions`: somebody pressed a button. <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>
#[derive(Debug, Deserialize)]
pub(super) struct Pressed {
    pub user: Person,
    pub team: Option<Identified>,
    pub enterprise: Option<Identified>,
    pub channel: Option<Identified>,
    pub container: Option<Container>,
    pub message: Option<PressedMessage>,
    #[serde(default = "Vec::new")]
    pub actions: Vec<Button>,
}

/// Who pressed it.
#[derive(Debug, Deserialize)]
pub(super) struct Person {
    pub id: String,
    pub team_id: Option<String>,
}

/// A thing with an identifier.
#[derive(Debug, Deserialize)]
pub(super) struct Identified {
    pub id: String,
}

/// What the button stands in.
#[derive(Debug, Deserialize)]
pub(super) struct Container {
    pub thread_ts: Option<String>,
    pub channel_id: Option<String>,
}

/// The message that the button stands in.
#[derive(Debug, Deserialize)]
pub(super) struct PressedMessage {
    pub ts: String,
    pub thread_ts: Option<String>,
}

/// The button.
#[derive(Debug, Deserialize)]
pub(super) struct Button {
    pub action_id: String,
    pub value: Option<String>,
}

/// A slash command. <https://docs.slack.dev/interactivity/implementing-slash-commands/#app_command_handling>
#[derive(Debug, Deserialize)]
pub(super) struct Command {
    pub team_id: Option<String>,
    pub enterprise_id: Option<String>,
    pub channel_id: String,
    pub user_id: String,
    #[serde(default)]
    pub text: String,
}

/// `member_joined_channel` and `member_left_channel`.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub user: String,
    pub channel: String,
    pub channel_type: Option<String>,
}

/// `channel_left`, `group_left` and `channel_deleted`.
#[derive(Debug, Deserialize)]
pub(super) struct Left {
    pub channel: String,
}

/// `channel_joined`, `channel_rename` and their group siblings.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub channel: Channel,
}

#[derive(Debug, Deserialize)]
pub(super) struct Channel {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub is_private: bool,
}

/// `tokens_revoked`: user ids by kind of token.
#[derive(Debug, Deserialize)]
pub(super) struct Revoked {
    pub tokens: Tokens,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub bot: Vec<String>,
}
