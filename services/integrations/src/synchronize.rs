//! `integration.v1.synchronize`: compares what an integration may see with what the external system has.

use infragpt_events::integration::{IntegrationCommand, IntegrationEvent, Refusal};
use infragpt_nats::{Cause, Executed, Position, ServiceError};
use infragpt_vault::Purpose;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, refused, sequence},
    establish::failed,
    request::{Asker, Target, organization},
};

/// The request of `synchronize` and `validate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRequest {
    /// Whose integration.
    pub organization: String,
    /// With which kind of system.
    pub connector: String,
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynchronizeReply {
    /// The integration.
    pub integration: Uuid,
    /// How many resources it may see.
    pub resources: usize,
    /// How many events this appended.
    pub appended: usize,
    /// The sequence of the last of them in the stream EVENTS.
    pub position: Option<u64>,
}

impl Context {
    /// The integration that a request is about, and its cause.
    pub(crate) fn target(&self, request: &TargetRequest) -> Result<(Target, Cause), ServiceError> {
        let target = Target::new(
            organization(&request.organization)?,
            self.connector(&request.connector)?.0,
        );
        Ok((target, request.asker.cause(self.now())?))
    }

    /// Compares now.
    pub(crate) async fn synchronize(&self, request: TargetRequest) -> Result<SynchronizeReply, ServiceError> {
        let (target, cause) = self.target(&request)?;
        let executed = self.synchronize_now(&target, &cause).await?;
        let position = self.position(&target, &cause, sequence(executed.position)).await?;
        let present = self.load(&target).await?;
        Ok(SynchronizeReply {
            integration: target.integration,
            resources: present.connected().map_or(0, |connected| connected.resources.len()),
            appended: executed.events.len(),
            position,
        })
    }

    /// Lists what there is and appends the difference.
    pub(crate) async fn synchronize_now(
        &self,
        target: &Target,
        cause: &Cause,
    ) -> Result<Executed<IntegrationEvent>, ServiceError> {
        let (_, connector) = self.connector(target.connector.as_str())?;
        let present = self.load(target).await?;
        let connected = present.connected().ok_or_else(|| refused(&Refusal::NotConnected))?;
        let opened = self.open(target, connected, Purpose::Synchronize, cause).await?;
        let secret = opened.as_ref().map(|opened| &opened.credential);
        let listings = connector
            .synchronize(connected, secret)
            .await
            .map_err(|failure| failed(&failure))?;
        let mut all = Executed {
            events: Vec::new(),
            position: None::<Position>,
        };
        for listing in listings {
            // Identifiers of events derive from the cause's: what comes of one listing is told apart from the next.
            let cause = Cause {
                id: format!("{}#{}", cause.id, listing.kind),
                ..cause.clone()
            };
            let command = IntegrationCommand::Of {
                account: connected.account.id.clone(),
                at: Some(cause.time),
                command: Box::new(IntegrationCommand::Synchronize {
                    kind: listing.kind,
                    resources: listing.resources,
                }),
            };
            let executed = self.execute(target, &cause, command).await?;
            all.events.extend(executed.events);
            all.position = executed.position.or(all.position);
        }
        Ok(all)
    }
}
