//! `integration.v1.validate`: asks the external system whether a connection works, and records what it says.

use infragpt_connectors::{Condition, Failure};
use infragpt_events::{
    DomainEvent as _,
    integration::{Connected, IntegrationCommand, Refusal, Standing},
};
use infragpt_nats::{Cause, ServiceError};
use infragpt_vault::{Error, Opened, Purpose, RefreshError, Secret};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, not_opened, reader, refused, sentence},
    establish::failed,
    request::Target,
    synchronize::TargetRequest,
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
}

impl Context {
    /// Tries the connection now.
    pub(crate) async fn validate(&self, request: TargetRequest) -> Result<ValidateReply, ServiceError> {
        let (target, cause) = self.target(&request)?;
        self.validate_now(&target, &cause).await?;
        let present = self.load(&target).await?;
        Ok(ValidateReply {
            integration: target.integration,
            state: present.lifecycle(self.now()).to_string(),
            reason: present.reason().map(str::to_owned),
        })
    }

    /// Tries the connection and records what is different from what is known. That the external system can't be asked
    /// says nothing of the connection, so it is an error and no event.
    pub(crate) async fn validate_now(&self, target: &Target, cause: &Cause) -> Result<(), ServiceError> {
        let (_, connector) = self.connector(target.connector.as_str())?;
        let present = self.load(target).await?;
        let connected = present.connected().ok_or_else(|| refused(&Refusal::NotConnected))?;
        let condition = match self.open(target, connected, Purpose::Validate, cause).await {
            Ok(opened) => {
                let secret = opened.as_ref().map(|opened| &opened.credential);
                match connector.validate(connected, secret).await {
                    Ok(condition) => condition,
                    Err(Failure::Unauthorized(reason)) => Condition::Broken(reason),
                    // An App that isn't configured can't be asked; what webhooks say is all there is to know.
                    Err(Failure::NotConfigured(_)) => return Ok(()),
                    Err(failure) => return Err(failed(&failure)),
                }
            }
            Err(error) if error.code == 401 => Condition::Broken(error.message),
            Err(error) => return Err(error),
        };
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
            for event in &executed.events {
                let name = event.name();
                tracing::info!(
                    organization.id = %target.organization, integration.id = %target.integration, event = name,
                    "The {} connection of `{}` was tried: {name}", target.connector, target.organization
                );
            }
        }
        Ok(())
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
            .fresh(&target.owner(), purpose, &reader(cause), refresh)
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
