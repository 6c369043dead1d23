//! What a stored delivery from GitHub means: pure, so that a replay says the same.

use infragpt_events::{
    ConnectorKind,
    change::Recorded,
    integration::{IntegrationCommand, Resource, ResourceKind},
};
use infragpt_nats::Received;
use serde::de::DeserializeOwned;

use super::{
    EventType, changes, fact,
    installation::scopes,
    payload::{InstallationEvent, InstallationRepositoriesEvent, Listed, Repository, RepositoryEvent, Routing, User},
};
use crate::text::json_problem;

/// What is to be done about a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Interpretation {
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// Do it for whoever claimed the installation.
    Act {
        /// `github:<login>`, or `github` where nobody is named.
        actor: String,
        /// What to do.
        action: Action,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something changed in a repository.
    Record {
        /// What GitHub never gives to two changes.
        identity: String,
        /// The change.
        change: Box<Recorded>,
    },
    /// The connection changed.
    Integrate(Vec<IntegrationCommand>),
}

/// A payload that isn't what its event documents. It goes to the dead letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload can't be read as GitHub's `{kind}`: {problem}")]
pub struct Malformed {
    /// What it should have been.
    pub kind: String,
    /// Where it is wrong.
    pub problem: String,
}

/// Reads a delivery.
///
/// # Errors
/// [`Malformed`] when it isn't JSON, or not what its own event documents.
pub fn interpret(received: &Received) -> Result<Interpretation, Malformed> {
    let name = event_name(received);
    let payload =
        fact::json(received.envelope.datacontenttype.as_deref(), &received.payload).ok_or_else(|| Malformed {
            kind: name.to_owned(),
            problem: "the form has no `payload`".to_owned(),
        })?;
    Ok(match EventType::parse(name) {
        EventType::Push => changes::push(&read(name, &payload)?, received),
        EventType::PullRequest => changes::pull_request(read(name, &payload)?, received),
        EventType::WorkflowRun => changes::workflow_run(read(name, &payload)?, received),
        EventType::Release => changes::release(read(name, &payload)?, received),
        EventType::DeploymentStatus => changes::deployment_status(read(name, &payload)?, received),
        EventType::Installation => installation(read(name, &payload)?),
        EventType::InstallationRepositories => installation_repositories(&read(name, &payload)?),
        EventType::Repository => repository(&read(name, &payload)?),
        EventType::InstallationTarget => {
            read::<serde::de::IgnoredAny>(name, &payload)?;
            Interpretation::Nothing(
                "an account's new name comes with connecting it again, its repositories' with the next list",
            )
        }
        EventType::GithubAppAuthorization => {
            read::<serde::de::IgnoredAny>(name, &payload)?;
            Interpretation::Nothing("no token of a person is kept that could be revoked")
        }
        _ => {
            read::<serde::de::IgnoredAny>(name, &payload)?;
            Interpretation::Nothing("its event means nothing to us")
        }
    })
}

/// The key that keeps a repository's deliveries in order.
pub(super) fn route_key(received: &Received) -> Option<String> {
    let payload = fact::json(received.envelope.datacontenttype.as_deref(), &received.payload)?;
    let routing: Routing = serde_json::from_slice(&payload).ok()?;
    Some(format!("repository:{}", routing.repository?.id))
}

/// The event's name: what follows `com.github.` in the type, up to the action.
fn event_name(received: &Received) -> &str {
    let kind = received.envelope.kind.as_str();
    let rest = kind.strip_prefix("com.github.").unwrap_or(kind);
    rest.split('.').next().unwrap_or(rest)
}

fn read<T: DeserializeOwned>(kind: &str, payload: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(payload).map_err(|error| Malformed {
        kind: kind.to_owned(),
        problem: json_problem(&error),
    })
}

pub(super) fn act(sender: Option<&User>, action: Action) -> Interpretation {
    let actor = sender.map_or_else(|| "github".to_owned(), |sender| format!("github:{}", sender.login));
    Interpretation::Act { actor, action }
}

fn installation(event: InstallationEvent) -> Interpretation {
    let InstallationEvent {
        action,
        installation,
        repositories,
        sender,
    } = event;
    let account = installation.account.as_ref();
    let command = match action.as_str() {
        "created" | "unsuspend" => {
            let mut commands = Vec::new();
            if action == "unsuspend" {
                commands.push(IntegrationCommand::Resume);
            }
            let resources = listed(&repositories.unwrap_or_default(), account);
            if !resources.is_empty() {
                commands.push(IntegrationCommand::GrantResources { resources });
            }
            return act(sender.as_ref(), Action::Integrate(commands));
        }
        "suspend" => IntegrationCommand::Suspend {
            reason: by(sender.as_ref(), "The installation was suspended on GitHub"),
        },
        "deleted" => IntegrationCommand::Disconnect {
            reason: by(sender.as_ref(), "The App was uninstalled on GitHub"),
        },
        "new_permissions_accepted" => IntegrationCommand::ChangePermissions {
            scopes: scopes(&installation.permissions),
        },
        _ => return Interpretation::Nothing("its action means nothing to us"),
    };
    act(sender.as_ref(), Action::Integrate(vec![command]))
}

fn by(sender: Option<&User>, what: &str) -> String {
    sender.map_or_else(|| what.to_owned(), |sender| format!("{what} by {}", sender.login))
}

fn installation_repositories(event: &InstallationRepositoriesEvent) -> Interpretation {
    let mut commands = Vec::new();
    if !event.repositories_added.is_empty() {
        let resources = listed(&event.repositories_added, event.installation.account.as_ref());
        commands.push(IntegrationCommand::GrantResources { resources });
    }
    if !event.repositories_removed.is_empty() {
        let resource_ids = event
            .repositories_removed
            .iter()
            .map(|repository| repository.id.to_string())
            .collect();
        commands.push(withdraw(resource_ids));
    }
    if commands.is_empty() {
        return Interpretation::Nothing("it names no repository");
    }
    act(event.sender.as_ref(), Action::Integrate(commands))
}

fn repository(event: &RepositoryEvent) -> Interpretation {
    let Repository {
        id,
        full_name,
        html_url,
        private,
        ..
    } = &event.repository;
    let command = match event.action.as_str() {
        "renamed" | "transferred" | "publicized" | "privatized" => IntegrationCommand::GrantResources {
            resources: vec![Resource {
                kind: ResourceKind::Repository,
                id: id.to_string(),
                name: full_name.clone(),
                url: html_url.clone(),
                private: *private,
            }],
        },
        "deleted" => withdraw(vec![id.to_string()]),
        _ => return Interpretation::Nothing("its action means nothing to us"),
    };
    act(event.sender.as_ref(), Action::Integrate(vec![command]))
}

fn withdraw(resource_ids: Vec<String>) -> IntegrationCommand {
    IntegrationCommand::WithdrawResources {
        kind: ResourceKind::Repository,
        resource_ids,
    }
}

/// Lists don't carry addresses; the account's own, which also knows an Enterprise server's host, leads to them.
fn listed(repositories: &[Listed], account: Option<&User>) -> Vec<Resource> {
    let host = account
        .and_then(|account| account.html_url.as_deref()?.strip_suffix(account.login.as_str()))
        .unwrap_or("https://github.com/");
    repositories
        .iter()
        .map(|Listed { id, full_name, private }| Resource {
            kind: ResourceKind::Repository,
            id: id.to_string(),
            name: full_name.clone(),
            url: Some(format!("{host}{full_name}")),
            private: *private,
        })
        .collect()
}

/// How this connector is called in the events.
pub fn connector() -> ConnectorKind {
    crate::catalogue::connector_kind("github")
}

#[cfg(test)]
mod tests;
