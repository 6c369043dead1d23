//! What the tools `tool.v1.infragpt.*` reply, as far as an answer needs it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::question::ChangeKind;

/// The reply of `tool.v1.infragpt.changes`: the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Changes {
    /// What was found.
    pub changes: Vec<Change>,
    /// Whether older ones were cut off.
    #[serde(default)]
    pub truncated: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// `owner/name`.
    pub repository: String,
    /// What changed, in a line.
    pub title: String,
    /// Where people see it.
    #[serde(default)]
    pub url: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// The branch, the tag, or the number with its `#`.
    #[serde(default)]
    pub reference: Option<String>,
    /// More lines: subjects of commits, how a run ended.
    #[serde(default)]
    pub details: Vec<String>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Actor {
    /// The identifier in the external system.
    #[serde(default)]
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where people find them.
    #[serde(default)]
    pub url: Option<String>,
}

/// The reply of `tool.v1.infragpt.integrations`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Integrations {
    /// Every integration of the organization.
    pub integrations: Vec<Integration>,
}

/// One integration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Integration {
    /// The kind of system.
    pub connector: String,
    /// `pending`, `active`, `degraded`, `suspended` or `disconnected`.
    pub state: String,
    /// Why, where it is not as it should be.
    #[serde(default)]
    pub reason: Option<String>,
    /// The account.
    pub account: Account,
    /// When it was last authorized.
    #[serde(default)]
    pub authorized_at: Option<DateTime<Utc>>,
    /// The repositories that it may see.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// The channels that it may see.
    #[serde(default)]
    pub channels: Vec<String>,
}

impl Integration {
    /// Whether it works at present.
    pub fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// Whether what it told is told further: a connection that doesn't work at present still told what it told.
    fn is_connected(&self) -> bool {
        matches!(self.state.as_str(), "active" | "degraded")
    }

    /// What the account is called; nothing before there is one.
    pub fn account_name(&self) -> Option<&str> {
        [&self.account.name, &self.account.id]
            .into_iter()
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }
}

/// The account that an integration connects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Its identifier in the external system.
    #[serde(default)]
    pub id: String,
    /// Its name for people.
    #[serde(default)]
    pub name: String,
}

impl Integrations {
    /// The repositories of every integration that is connected, in order, once each.
    pub fn repositories(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .integrations
            .iter()
            .filter(|integration| integration.is_connected())
            .flat_map(|integration| integration.repositories.iter().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The reply of `tool.v1.infragpt.status`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Status {
    /// Every integration of the organization.
    #[serde(default)]
    pub integrations: Vec<Integration>,
    /// How many conversations there were.
    #[serde(default)]
    pub conversations: u64,
    /// How many changes were recorded today (UTC).
    #[serde(default)]
    pub changes_today: u64,
    /// When the newest change happened.
    #[serde(default)]
    pub last_change_at: Option<DateTime<Utc>>,
    /// How far the tables are behind the log.
    #[serde(default)]
    pub projection_lag_seconds: Option<f64>,
}

/// The request of `tool.v1.infragpt.changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangesRequest<'request> {
    /// The grant that came with the question.
    pub grant: &'request str,
    /// Only this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<&'request str>,
    /// Only these kinds; all where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<ChangeKind>,
    /// From this time on.
    pub since: DateTime<Utc>,
    /// Before this time.
    pub until: DateTime<Utc>,
    /// At most so many.
    pub limit: u16,
}

/// The request of the tools that only need to know who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantOnly<'request> {
    /// The grant that came with the question.
    pub grant: &'request str,
}
