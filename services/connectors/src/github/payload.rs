//! The parts of GitHub's payloads that are understood. <https://docs.github.com/en/webhooks/webhook-events-and-payloads>

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub id: Option<u64>,
    pub login: String,
    pub html_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub id: u64,
    pub full_name: String,
    pub html_url: Option<String>,
    #[serde(default)]
    pub private: bool,
    /// Seconds in `push`, a timestamp everywhere else.
    #[serde(default, deserialize_with = "moment")]
    pub pushed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Push {
    #[serde(rename = "ref")]
    pub reference: String,
    pub before: String,
    pub after: String,
    pub compare: String,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default)]
    pub forced: bool,
    #[serde(default)]
    pub commits: Vec<Commit>,
    pub head_commit: Option<Commit>,
    pub pusher: Option<Pusher>,
    pub sender: Option<User>,
    pub repository: Repository,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    #[serde(default)]
    pub message: String,
    #[serde(default, deserialize_with = "moment")]
    pub timestamp: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pusher {
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct PullRequestEvent {
    pub action: String,
    pub pull_request: PullRequest,
    pub repository: Repository,
    pub sender: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PullRequest {
    pub number: u64,
    pub title: String,
    pub html_url: String,
    #[serde(default)]
    pub merged: bool,
    pub merged_at: Option<DateTime<Utc>>,
    pub merged_by: Option<User>,
    pub merge_commit_sha: Option<String>,
    pub user: Option<User>,
    pub base: Option<Branch>,
    pub head: Option<Branch>,
    pub commits: Option<u64>,
    pub additions: Option<u64>,
    pub deletions: Option<u64>,
    pub changed_files: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Branch {
    #[serde(rename = "ref")]
    pub reference: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowRunEvent {
    pub action: String,
    pub workflow_run: WorkflowRun,
    pub repository: Repository,
    pub sender: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowRun {
    pub id: u64,
    pub name: Option<String>,
    pub display_title: Option<String>,
    pub html_url: String,
    pub head_branch: Option<String>,
    pub head_sha: Option<String>,
    pub event: Option<String>,
    pub conclusion: Option<String>,
    #[serde(default)]
    pub run_number: u64,
    #[serde(default = "first")]
    pub run_attempt: u64,
    pub updated_at: Option<DateTime<Utc>>,
    pub actor: Option<User>,
    pub triggering_actor: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReleaseEvent {
    pub action: String,
    pub release: Release,
    pub repository: Repository,
    pub sender: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Release {
    pub id: u64,
    pub tag_name: String,
    pub name: Option<String>,
    pub html_url: String,
    #[serde(default)]
    pub prerelease: bool,
    pub target_commitish: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub author: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentStatusEvent {
    pub deployment_status: DeploymentStatus,
    pub deployment: Deployment,
    pub repository: Repository,
    pub sender: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentStatus {
    pub id: u64,
    pub state: String,
    pub description: Option<String>,
    pub environment: Option<String>,
    pub environment_url: Option<String>,
    pub target_url: Option<String>,
    pub log_url: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub creator: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub sha: Option<String>,
    pub environment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InstallationEvent {
    pub action: String,
    pub installation: Installation,
    #[serde(default)]
    pub repositories: Option<Vec<Listed>>,
    pub sender: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InstallationRepositoriesEvent {
    pub installation: Installation,
    #[serde(default)]
    pub repositories_added: Vec<Listed>,
    #[serde(default)]
    pub repositories_removed: Vec<Listed>,
    pub sender: Option<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Installation {
    pub account: Option<User>,
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
}

/// A repository as lists carry it, without its address.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub id: u64,
    pub full_name: String,
    #[serde(default)]
    pub private: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct RepositoryEvent {
    pub action: String,
    pub repository: Repository,
    pub sender: Option<User>,
}

/// What routes a delivery.
#[derive(Debug, Deserialize)]
pub(super) struct Routing {
    pub repository: Option<RoutingRepository>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RoutingRepository {
    pub id: u64,
}

fn first() -> u64 {
    1
}

/// GitHub writes some moments as seconds in one event and as RFC 3339 in another.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Moment {
        Seconds(i64),
        Text(String),
    }
    Ok(match Option::<Moment>::deserialize(deserializer)? {
        Some(Moment::Seconds(seconds)) => DateTime::from_timestamp(seconds, 0),
        Some(Moment::Text(text)) => DateTime::parse_from_rfc3339(&text).ok().map(|moment| moment.to_utc()),
        None => None,
    })
}
