//! `integration.v1.initiate`: somebody wants to connect; where do they go?

use infragpt_connectors::Begin;
use infragpt_events::integration::{AuthorizationStarted, IntegrationCommand};
use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    context::{Context, sequence},
    establish::failed,
    request::{Asker, Target, organization},
    state::{LIFETIME, State},
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitiateRequest {
    /// The organization that gets the connection.
    pub organization: String,
    /// The kind of system.
    pub connector: String,
    /// The account to connect, where it exists there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitiateReply {
    /// The integration.
    pub integration: Uuid,
    /// The attempt.
    pub attempt: Uuid,
    /// Where the person's browser goes.
    pub url: String,
    /// Until when they can come back.
    pub expires_at: chrono::DateTime<chrono::Utc>,
    /// The sequence in the stream EVENTS of what says that the attempt was started.
    pub position: Option<u64>,
}

impl Context {
    /// Starts an attempt and says where the person's browser goes.
    pub(crate) async fn initiate(&self, request: InitiateRequest) -> Result<InitiateReply, ServiceError> {
        let organization = organization(&request.organization)?;
        let (kind, connector) = self.connector(&request.connector)?;
        let now = self.now();
        let cause = request.asker.cause(now)?;
        let requested_by = request.asker.name()?;
        self.check_present(&organization).await?;
        let target = Target::new(organization, kind.clone());
        // The same request again is the same attempt.
        let attempt = Uuid::new_v5(&target.integration, cause.id.as_bytes());
        let expires_at = now + LIFETIME;
        let state = State {
            attempt,
            leg: 1,
            organization: target.organization.clone(),
            connector: kind.clone(),
            requested_by: requested_by.clone(),
            account: request.account.clone(),
            expires_at,
        };
        let begin = Begin {
            redirect_base: self.settings.public_url.clone(),
            account: request.account,
        };
        let mut url = connector.begin(&begin).map_err(|failure| failed(&failure))?;
        self.signer.add(&state, &mut url);
        let started = AuthorizationStarted {
            connector: kind,
            attempt,
            requested_by,
            expires_at,
        };
        let executed = self
            .execute(&target, &cause, IntegrationCommand::StartAuthorization(started))
            .await?;
        let position = self.position(&target, &cause, sequence(executed.position)).await?;
        Ok(InitiateReply {
            integration: target.integration,
            attempt,
            url: url.into(),
            expires_at,
            position,
        })
    }
}
