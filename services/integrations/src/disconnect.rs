//! `integration.v1.disconnect`: an administrator ends a connection for good.

use infragpt_events::{
    ConnectorKind,
    integration::{Integration, IntegrationCommand},
};
use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, sequence},
    request::{Asker, Target, organization},
    retire::Revocation,
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectRequest {
    /// Whose connection.
    pub organization: String,
    /// With which kind of system.
    pub connector: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Shred the credential although the external system does not confirm that it ended it, or can't be asked.
    #[serde(default)]
    pub force: bool,
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectReply {
    /// The integration.
    pub integration: Uuid,
    /// Its state: `disconnected`.
    pub state: String,
    /// How many events this appended; 0 where it was disconnected already.
    pub appended: usize,
    /// The sequence in the stream EVENTS of what says that it is disconnected.
    pub position: Option<u64>,
    /// What remains to be done and is done by itself; none when everything is.
    pub remaining: Option<String>,
}

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

impl Context {
    /// Ends a connection: the decision is in the log before anything is taken down, so whatever fails is tried again.
    pub(crate) async fn disconnect(&self, request: DisconnectRequest) -> Result<DisconnectReply, ServiceError> {
        let organization = organization(&request.organization)?;
        let kind = match self.connector(&request.connector) {
            Ok((kind, _)) => kind,
            // Nobody can ask a system whose connector was taken out of the configuration; what is kept for it can be ended.
            Err(unknown) if request.force => ConnectorKind::parse(&request.connector).map_err(|_| unknown)?,
            Err(unknown) => return Err(unknown),
        };
        let target = Target::new(organization, kind);
        let cause = request.asker.cause(self.now())?;
        let reason: String = match request.reason.as_deref().map(str::trim) {
            Some(reason) if !reason.is_empty() => reason.chars().take(LONGEST_REASON).collect(),
            _ => format!("disconnected by {}", cause.actor),
        };
        let before: Integration = self.load(&target).await?;
        if before.ever_connected().is_none() {
            return Err(ServiceError::new(
                404,
                format!(
                    "Organization `{}` is not connected to {}.",
                    target.organization, target.connector
                ),
            ));
        }
        let _turn = self.turns.of(target.integration).await;
        let executed = self
            .execute(&target, &cause, IntegrationCommand::Disconnect { reason })
            .await?;
        let position = self.position(&target, &cause, sequence(executed.position)).await?;
        let revocation = if request.force {
            Revocation::Once
        } else {
            Revocation::Confirmed
        };
        let remaining = match self.retire(&target, &cause, revocation).await {
            Ok(()) => None,
            Err(error) => Some(error.message),
        };
        tracing::info!(
            organization.id = %target.organization, integration.id = %target.integration, remaining,
            "Disconnected {} from organization `{}`", target.connector, target.organization
        );
        Ok(DisconnectReply {
            integration: target.integration,
            state: "disconnected".to_owned(),
            appended: executed.events.len(),
            position,
            remaining,
        })
    }
}
