//! What an integration can be asked, and how it decides.

use super::{
    event::{
        Authorized, Disconnected, IntegrationEvent, Resource, ResourceGranted, ResourceKind, ResourceWithdrawn,
        Resumed, Suspended,
    },
    state::{Connected, Integration},
};
use crate::Aggregate;

/// What an integration can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationCommand {
    /// Connect this account.
    Authorize(Authorized),
    /// The account's owner lets the product see these, or renamed them.
    GrantResources {
        /// What may be seen, in its present form.
        resources: Vec<Resource>,
    },
    /// The account's owner no longer lets the product see these.
    WithdrawResources {
        /// What kind of resources.
        kind: ResourceKind,
        /// Their identifiers in the external system.
        resource_ids: Vec<String>,
    },
    /// The account's owner paused it.
    Suspend {
        /// Why, for people.
        reason: String,
    },
    /// The account's owner let it go on.
    Resume,
    /// End the connection.
    Disconnect {
        /// Why, for people.
        reason: String,
    },
}

/// Why an integration refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no connection that the command could be about.
    #[error("the integration is not connected: connect it first")]
    NotConnected,
    /// Another account is connected; it has to be let go first.
    #[error("the integration is connected to account `{connected}`: disconnect it before connecting `{wanted}`")]
    OtherAccount {
        /// The account that is connected.
        connected: String,
        /// The account that was to be connected.
        wanted: String,
    },
}

impl Aggregate for Integration {
    type Event = IntegrationEvent;
    type Command = IntegrationCommand;
    type Error = Refusal;

    fn decide(&self, command: IntegrationCommand) -> Result<Vec<IntegrationEvent>, Refusal> {
        match command {
            IntegrationCommand::Authorize(wanted) => self.authorize(wanted),
            IntegrationCommand::GrantResources { resources } => Ok(self.working()?.grant(resources)),
            IntegrationCommand::WithdrawResources { kind, resource_ids } => {
                Ok(self.working()?.withdraw(kind, resource_ids))
            }
            IntegrationCommand::Suspend { reason } => Ok(match self {
                Self::Active(_) => vec![Suspended { reason }.into()],
                Self::Suspended(..) => vec![],
                Self::NotAuthorized | Self::Disconnected(_) => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Resume => Ok(match self {
                Self::Suspended(..) => vec![Resumed {}.into()],
                Self::Active(_) => vec![],
                Self::NotAuthorized | Self::Disconnected(_) => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Disconnect { reason } => Ok(match self {
                Self::Active(_) | Self::Suspended(..) => vec![Disconnected { reason }.into()],
                Self::Disconnected(_) => vec![],
                Self::NotAuthorized => return Err(Refusal::NotConnected),
            }),
        }
    }

    fn evolve(self, event: &IntegrationEvent) -> Self {
        self.after(event)
    }
}

impl Integration {
    /// The connection that resources can be granted to; a suspended one keeps its list true for when it resumes.
    fn working(&self) -> Result<&Connected, Refusal> {
        match self {
            Self::Active(connected) | Self::Suspended(connected, _) => Ok(connected),
            Self::NotAuthorized | Self::Disconnected(_) => Err(Refusal::NotConnected),
        }
    }

    fn authorize(&self, wanted: Authorized) -> Result<Vec<IntegrationEvent>, Refusal> {
        if let Self::Active(connected) | Self::Suspended(connected, _) = self {
            if connected.account.id != wanted.account.id {
                return Err(Refusal::OtherAccount {
                    connected: connected.account.id.clone(),
                    wanted: wanted.account.id,
                });
            }
            let same = connected.account == wanted.account
                && connected.bot_user == wanted.bot_user
                && connected.scopes == wanted.scopes;
            if same && matches!(self, Self::Active(_)) {
                return Ok(vec![]);
            }
        }
        Ok(vec![wanted.into()])
    }
}

impl Connected {
    fn grant(&self, resources: Vec<Resource>) -> Vec<IntegrationEvent> {
        let news: Vec<Resource> = resources
            .into_iter()
            .filter(|resource| self.resources.get(&(resource.kind, resource.id.clone())) != Some(resource))
            .collect();
        if news.is_empty() {
            vec![]
        } else {
            vec![
                ResourceGranted {
                    connector: self.connector.clone(),
                    resources: news,
                }
                .into(),
            ]
        }
    }

    fn withdraw(&self, kind: ResourceKind, resource_ids: Vec<String>) -> Vec<IntegrationEvent> {
        let known: Vec<String> = resource_ids
            .into_iter()
            .filter(|id| self.resources.contains_key(&(kind, id.clone())))
            .collect();
        if known.is_empty() {
            vec![]
        } else {
            vec![
                ResourceWithdrawn {
                    connector: self.connector.clone(),
                    kind,
                    resource_ids: known,
                }
                .into(),
            ]
        }
    }
}

#[cfg(test)]
mod tests;
