//! What is recorded of a change.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectorKind, aggregate::domain_events};

domain_events! {
    /// What happens to a change: it is recorded, once.
    pub enum ChangeEvent of "change" {
        /// Something changed in a repository.
        Recorded = "recorded" v 1,
    }
}

/// What kind of change it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Commits arrived on a branch.
    Push,
    /// A pull request was merged.
    PullRequestMerged,
    /// An automated run ended badly.
    WorkflowRunFailed,
    /// A release was published.
    Release,
    /// A deployment ended, well or badly.
    Deployment,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Push,
        Self::PullRequestMerged,
        Self::WorkflowRunFailed,
        Self::Release,
        Self::Deployment,
    ];

    /// The kind as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::PullRequestMerged => "pull_request_merged",
            Self::WorkflowRunFailed => "workflow_run_failed",
            Self::Release => "release",
            Self::Deployment => "deployment",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The identifier in the external system.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where people find them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Something changed in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// The kind of system that told of it.
    pub connector: ConnectorKind,
    /// What kind of change it was.
    pub kind: ChangeKind,
    /// The repository's full name.
    pub repository: String,
    /// What changed, in one line.
    pub title: String,
    /// Where people see it.
    pub url: String,
    /// Who did it.
    pub actor: Actor,
    /// The branch, the tag, or the number with its `#`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The revision that it produced or ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// More lines: subjects of commits, how a run ended.
    #[serde(default)]
    pub details: Vec<String>,
    /// When it happened, in the external system's clock.
    pub occurred_at: DateTime<Utc>,
}
