//! `integration.v1.validate`: asks the external system whether a connection works, and records what it says.

use infragpt_connectors::{Condition, Failure};
use infragpt_events::{
    DomainEvent as _,
    integration::{Connected, Integration, IntegrationCommand, Refusal, Standing},
};
use infragpt_nats::{Cause, ServiceError};
use infragpt_vault::{Error, Opened, Purpose, Reader, RefreshError, Secret};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, not_opened, refused, sentence, sequence},
    establish::failed,
    request::Target,
    synchronize::TargetRequest,
    trial::Trial,
};

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateReply {
    /// The integration.
    pub integration: Uuid,
    /// Its state after that.
    pub state: String,
    /// Why, where it is not `active`.
    pub reason: Option<String>,
    /// The sequence in the stream EVENTS of what was found to be different; none when nothing was.
    pub position: Option<u64>,
}

impl Context {
    /// Tries the connection now.
    pub(crate) async fn validate(&self, request: TargetRequest) -> Result<ValidateReply, ServiceError> {
        let (target, cause) = self.target(&request)?;
        let appended = self.validate_now(&target, &cause).await?;
        let position = self.position(&target, &cause, appended).await?;
        let present = self.load(&target).await?;
        Ok(ValidateReply {
            integration: target.integration,
            state: present.lifecycle(self.now()).to_string(),
            reason: present.reason().map(str::to_owned),
            position,
        })
    }

    /// Tries the connection and records what is different from what is known; where the last of that is, if anything. That
    /// the external system can't be asked says nothing of the connection, so it is an error and no event.
    pub(crate) async fn validate_now(&self, target: &Target, cause: &Cause) -> Result<Option<u64>, ServiceError> {
        let present = self.load(target).await?;
        let connected = present.connected().ok_or_else(|| refused(&Refusal::NotConnected))?;
        let tried = self.find_out(target, &present, connected, cause).await;
        if let Err(error) = &tried {
            self.note_trial(target, Some(error.message.clone()));
        }
        tried
    }

    fn note_trial(&self, target: &Target, problem: Option<String>) {
        let at = self.now();
        self.trials.note(target.integration, Trial { at, problem });
    }

    async fn find_out(
        &self,
        target: &Target,
        present: &Integration,
        connected: &Connected,
        cause: &Cause,
    ) -> Result<Option<u64>, ServiceError> {
        let (_, connector) = self.connector(target.connector.as_str())?;
        let condition = match self.open(target, connected, Purpose::Validate, cause).await {
            Ok(opened) => {
                let secret = opened.as_ref().map(|opened| &opened.credential);
                match connector.validate(connected, secret).await {
                    Ok(condition) => condition,
                    Err(Failure::Unauthorized(reason)) => Condition::Broken(reason),
                    // An App that isn't configured can't be asked; what webhooks say is all there is to know.
                    Err(Failure::NotConfigured(_)) => return Ok(None),
                    Err(failure) => return Err(failed(&failure)),
                }
            }
            Err(error) if error.code == 401 => Condition::Broken(error.message),
            Err(error) => return Err(error),
        };
        self.note_trial(target, None);
        let commands = match condition {
            Condition::Working { scopes } => {
                let mut commands = vec![match &present.standing {
                    Standing::Suspended(..) => IntegrationCommand::Resume,
                    _ => IntegrationCommand::Recover,
                }];
                commands.extend(scopes.map(|scopes| IntegrationCommand::ChangePermissions { scopes }));
                commands
            }
            Condition::Suspended(reason) => vec![IntegrationCommand::Suspend {
                reason: sentence(&reason),
            }],
            Condition::Broken(reason) => vec![IntegrationCommand::Degrade {
                reason: sentence(&reason),
            }],
            Condition::Gone(reason) => vec![IntegrationCommand::Disconnect {
                reason: sentence(&reason),
            }],
        };
        let mut position = None;
        for (index, command) in commands.into_iter().enumerate() {
            let cause = Cause {
                id: format!("{}#validate{index}", cause.id),
                ..cause.clone()
            };
            let command = IntegrationCommand::Of {
                account: connected.account.id.clone(),
                // A connection that was made meanwhile is not what was tried.
                at: Some(cause.time),
                command: Box::new(command),
            };
            let executed = self.execute(target, &cause, command).await?;
            position = sequence(executed.position).or(position);
            for event in &executed.events {
                let name = event.name();
                tracing::info!(
                    organization.id = %target.organization, integration.id = %target.integration, event = name,
                    "The {} connection of `{}` was tried: {name}", target.connector, target.organization
                );
            }
        }
        Ok(position)
    }

    /// The credential of a connection that has one, refreshed where it is about to expire. A 401 where it is dead.
    pub(crate) async fn open(
        &self,
        target: &Target,
        connected: &Connected,
        purpose: Purpose,
        cause: &Cause,
    ) -> Result<Option<Opened>, ServiceError> {
        if connected.credential.is_none() {
            return Ok(None);
        }
        let (_, connector) = self.connector(target.connector.as_str())?;
        let refresh = move |secret: Secret| async move { connector.refresh(&secret).await.map_err(RefreshError::from) };
        match self
            .vault
            .fresh(&target.owner(), purpose, &Reader::of(cause), refresh)
            .await
        {
            Ok(opened) => Ok(Some(opened)),
            Err(Error::Refresh(RefreshError::Refused(reason))) => Err(ServiceError::new(401, sentence(&reason))),
            Err(Error::Refresh(RefreshError::Unavailable(reason))) => Err(ServiceError::new(503, sentence(&reason))),
            Err(Error::NotStored | Error::Shredded | Error::Unreadable) => Err(ServiceError::new(
                401,
                "The stored credential can't be read any more: connect again.",
            )),
            Err(error @ Error::KeyMissing { .. }) => Err(ServiceError::new(503, sentence(&error.to_string()))),
            Err(error) => Err(not_opened(&error)),
        }
    }
}
