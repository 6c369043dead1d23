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
}

/// The outer payload when nothing is known about it: interactions and commands have no inner event.
#[derive(Debug, Deserialize)]
pub(super) struct Outer {
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
    #[serde(default)]
    pub hidden: bool,
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
