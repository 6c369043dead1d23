//! `organization.v1.set_profile`: an administrator says what their organization is.

use infragpt_events::organization::{self, Expected, Organization, OrganizationCommand, Profile, Refusal};
use infragpt_nats::{AggregateSubject, ExecuteError, ServiceError};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    request::{Asker, not_stored, organization},
    service::Context,
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SetProfileRequest {
    /// Whose profile.
    pub organization: String,
    /// What it says now.
    pub profile: Profile,
    /// What it is believed to have said before: a profile, or `null` for none. Nothing is changed where that is not so.
    #[serde(default = "anything", deserialize_with = "expected")]
    pub expected: Expected,
    /// Who asks.
    #[serde(flatten)]
    pub asker: Asker,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetProfileReply {
    /// Where the log has it; nothing where nothing changed.
    pub position: Option<u64>,
    /// Whether it says something else than before.
    pub changed: bool,
}

impl Context {
    /// Says it.
    pub(crate) async fn set_profile(&self, request: SetProfileRequest) -> Result<SetProfileReply, ServiceError> {
        let organization = organization(&request.organization)?;
        let cause = request.asker.cause(self.now())?;
        let subject = AggregateSubject::new::<Organization>(&organization, organization::id(&organization));
        let command = OrganizationCommand::SetProfile {
            profile: request.profile,
            expected: request.expected,
        };
        let executed = self.store.execute::<Organization>(&subject, &cause, command).await;
        let executed = executed.map_err(|error| match error {
            ExecuteError::Refused(refusal) => refused(&refusal),
            ExecuteError::Store(error) => not_stored(&error),
        })?;
        if !executed.events.is_empty() {
            tracing::info!(organization.id = %organization, actor = cause.actor, "`{organization}` has another profile");
        }
        Ok(SetProfileReply {
            changed: !executed.events.is_empty(),
            position: executed.position.map(|position| position.sequence),
        })
    }
}

fn refused(refusal: &Refusal) -> ServiceError {
    match refusal {
        Refusal::Unknown => ServiceError::new(404, "There is no such organization."),
        Refusal::Deleted => ServiceError::new(410, "The organization was deleted."),
        Refusal::ProfileChanged => ServiceError::new(412, "The profile was changed meanwhile: look at it again."),
        Refusal::NotDeleted => ServiceError::new(409, "The organization has to be deleted first."),
    }
}

fn anything() -> Expected {
    Expected::Anything
}

fn expected<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expected, D::Error> {
    let profile = Option::<Profile>::deserialize(deserializer)?;
    Ok(profile.map_or(Expected::Nothing, Expected::This))
}
