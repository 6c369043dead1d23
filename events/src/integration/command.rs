//! What an integration can be asked, and how it decides.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    event::{
        AuthorizationFailed, AuthorizationReturned, AuthorizationStarted, Authorized, Degraded, Disconnected,
        IntegrationEvent, PermissionsChanged, Recovered, Resource, ResourceKind, Resumed, Suspended,
    },
    state::{Connected, Integration, Standing},
};
use crate::Aggregate;

/// What an integration can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationCommand {
    /// Send somebody to the external system.
    StartAuthorization(AuthorizationStarted),
    /// Somebody came back from there: use up what they were sent with.
    Return {
        /// The attempt.
        attempt: Uuid,
        /// Which of its journeys, from 1.
        leg: u32,
        /// Who came back, where that is known; it has to be who started.
        by: Option<String>,
        /// When.
        now: DateTime<Utc>,
    },
    /// Nothing came of an attempt.
    FailAuthorization {
        /// The attempt.
        attempt: Uuid,
        /// Why, for people.
        reason: String,
    },
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
    /// These are all that the product may see.
    Synchronize {
        /// What kind of resources.
        kind: ResourceKind,
        /// All of that kind, in their present form.
        resources: Vec<Resource>,
    },
    /// The account's owner allowed more, or less.
    ChangePermissions {
        /// What is allowed now, in the external system's words.
        scopes: Vec<String>,
    },
    /// It was seen not to work.
    Degrade {
        /// Why, and what to do, for people.
        reason: String,
    },
    /// It was seen to work.
    Recover,
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
    /// The external system says so of an account, which may no longer be the one that is connected.
    Of {
        /// The account that it speaks of.
        account: String,
        /// When it happened there, where it can come late; what is older than the connection is not about it.
        at: Option<DateTime<Utc>>,
        /// What it says.
        command: Box<IntegrationCommand>,
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
    /// A newer credential has taken its place.
    #[error("another authorization was finished meanwhile")]
    Superseded,
    /// No such attempt was started, or so many since that it is forgotten.
    #[error("this authorization was not started here: start again")]
    AttemptUnknown,
    /// It was used before.
    #[error("this authorization was used before: start again")]
    AttemptUsed,
    /// Its time is over.
    #[error("this authorization took too long: start again")]
    AttemptExpired,
    /// Somebody else started it.
    #[error("this authorization was started by somebody else: start your own")]
    AttemptOfAnother,
}

impl Aggregate for Integration {
    type Event = IntegrationEvent;
    type Command = IntegrationCommand;
    type Error = Refusal;

    fn decide(&self, command: IntegrationCommand) -> Result<Vec<IntegrationEvent>, Refusal> {
        match command {
            IntegrationCommand::StartAuthorization(started) => Ok(if self.attempts.knows(started.attempt) {
                vec![]
            } else {
                vec![started.into()]
            }),
            IntegrationCommand::Return { attempt, leg, by, now } => {
                self.attempts.check_return(attempt, leg, by.as_deref(), now)?;
                Ok(vec![AuthorizationReturned { attempt, leg }.into()])
            }
            IntegrationCommand::FailAuthorization { attempt, reason } => Ok(if self.attempts.is_open(attempt) {
                vec![AuthorizationFailed { attempt, reason }.into()]
            } else {
                vec![]
            }),
            IntegrationCommand::Authorize(wanted) => self.authorize(wanted),
            IntegrationCommand::GrantResources { resources } => Ok(self.standing()?.grant(resources)),
            IntegrationCommand::WithdrawResources { kind, resource_ids } => {
                Ok(self.standing()?.withdraw(kind, resource_ids))
            }
            IntegrationCommand::Synchronize { kind, resources } => Ok(self.standing()?.synchronize(kind, resources)),
            IntegrationCommand::ChangePermissions { scopes } => Ok(if self.standing()?.scopes == scopes {
                vec![]
            } else {
                vec![PermissionsChanged { scopes }.into()]
            }),
            IntegrationCommand::Degrade { reason } => Ok(match &self.standing {
                Standing::Active(_) => vec![Degraded { reason }.into()],
                Standing::Degraded(_, known) if *known != reason => vec![Degraded { reason }.into()],
                Standing::Degraded(..) | Standing::Suspended(..) => vec![],
                Standing::NotConnected | Standing::Disconnected(..) => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Recover => Ok(match &self.standing {
                Standing::Degraded(..) => vec![Recovered {}.into()],
                Standing::Active(_) | Standing::Suspended(..) => vec![],
                Standing::NotConnected | Standing::Disconnected(..) => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Suspend { reason } => Ok(match &self.standing {
                Standing::Active(_) | Standing::Degraded(..) => vec![Suspended { reason }.into()],
                Standing::Suspended(..) => vec![],
                Standing::NotConnected | Standing::Disconnected(..) => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Resume => Ok(match &self.standing {
                Standing::Suspended(..) => vec![Resumed {}.into()],
                Standing::Active(_) | Standing::Degraded(..) => vec![],
                Standing::NotConnected | Standing::Disconnected(..) => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Disconnect { reason } => Ok(match &self.standing {
                Standing::Active(_) | Standing::Degraded(..) | Standing::Suspended(..) => {
                    vec![Disconnected { reason }.into()]
                }
                Standing::Disconnected(..) => vec![],
                Standing::NotConnected => return Err(Refusal::NotConnected),
            }),
            IntegrationCommand::Of { account, at, command } => match self.connected() {
                Some(connected) if connected.is_meant(&account, at) => self.decide(*command),
                _ => Ok(vec![]),
            },
        }
    }

    fn evolve(self, event: &IntegrationEvent) -> Self {
        self.after(event)
    }
}

impl Integration {
    /// The connection that resources can be granted to; a suspended one keeps its list true for when it resumes.
    fn standing(&self) -> Result<&Connected, Refusal> {
        self.connected().ok_or(Refusal::NotConnected)
    }

    fn authorize(&self, wanted: Authorized) -> Result<Vec<IntegrationEvent>, Refusal> {
        if let Some(attempt) = wanted.attempt {
            self.attempts.check_finish(attempt)?;
        }
        if wanted.credential < self.ever_connected().and_then(|connected| connected.credential) {
            return Err(Refusal::Superseded);
        }
        if let Some(connected) = self.connected() {
            if connected.account.id != wanted.account.id {
                return Err(Refusal::OtherAccount {
                    connected: connected.account.id.clone(),
                    wanted: wanted.account.id,
                });
            }
            let same = connected.account == wanted.account
                && connected.bot_user == wanted.bot_user
                && connected.scopes == wanted.scopes
                && connected.credential == wanted.credential;
            if same && wanted.attempt.is_none() && matches!(self.standing, Standing::Active(_)) {
                return Ok(vec![]);
            }
        }
        Ok(vec![wanted.into()])
    }
}

impl Connected {
    /// Whether what the external system says of `account` as of `at` is about this connection. Systems tell the time in
    /// seconds, so what happened in the second of the authorization is taken for later.
    fn is_meant(&self, account: &str, at: Option<DateTime<Utc>>) -> bool {
        let is_older =
            matches!((at, self.allowed_at), (Some(at), Some(allowed)) if at.timestamp() < allowed.timestamp());
        self.account.id == account && !is_older
    }
}

#[cfg(test)]
mod tests;
