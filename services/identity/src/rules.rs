//! `organization.v1.rules` and `organization.v1.set_rules`: what an organization allows in its chat.

use infragpt_events::{
    OrganizationId,
    policy::{self, Policy, PolicyCommand, Refusal, Rules},
};
use infragpt_nats::{AggregateSubject, ExecuteError, ServiceError};
use serde::{Deserialize, Serialize};

use crate::{
    request::{Asker, not_stored, organization},
    service::Context,
};

/// The request of `organization.v1.rules`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RulesRequest {
    /// Whose rules.
    pub organization: String,
}

/// Its reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesReply {
    /// The rules of today.
    pub rules: Rules,
}

/// The request of `organization.v1.set_rules`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SetRulesRequest {
    /// Whose rules.
    pub organization: String,
    /// All of them, as they are to be.
    pub rules: Rules,
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

/// Its reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRulesReply {
    /// Where the log has it; nothing where nothing changed.
    pub position: Option<u64>,
    /// Whether they are others than before.
    pub changed: bool,
}

impl Context {
    /// Says what the rules are.
    pub(crate) async fn rules(&self, request: RulesRequest) -> Result<RulesReply, ServiceError> {
        let organization = organization(&request.organization)?;
        let loaded = self.store.load::<Policy>(&subject(&organization)).await;
        let policy = loaded.map_err(|error| not_stored(&error))?.state;
        Ok(RulesReply { rules: policy.rules })
    }

    /// Changes them.
    pub(crate) async fn set_rules(&self, request: SetRulesRequest) -> Result<SetRulesReply, ServiceError> {
        let organization = organization(&request.organization)?;
        let cause = request.asker.cause(self.now())?;
        let command = PolicyCommand::Change(request.rules);
        let executed = self
            .store
            .execute::<Policy>(&subject(&organization), &cause, command)
            .await;
        let executed = executed.map_err(|error| match error {
            ExecuteError::Refused(refusal) => refused(&refusal),
            ExecuteError::Store(error) => not_stored(&error),
        })?;
        if !executed.events.is_empty() {
            tracing::info!(organization.id = %organization, actor = cause.actor, "`{organization}` has other rules");
        }
        Ok(SetRulesReply {
            changed: !executed.events.is_empty(),
            position: executed.position.map(|position| position.sequence),
        })
    }
}

fn subject(organization: &OrganizationId) -> AggregateSubject {
    AggregateSubject::new::<Policy>(organization, policy::id(organization))
}

fn refused(refusal: &Refusal) -> ServiceError {
    let mut sentence = refusal.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ServiceError::new(422, format!("{sentence}."))
}
