//! `audit.v1.operated`: an operator is about to do something by hand, and that is in the log before it happens.

use infragpt_events::{
    OrganizationId,
    audit::{self, Audit, AuditCommand, AuditedAction, Recorded},
};
use infragpt_nats::{AggregateSubject, AuditReference, Cause, ExecuteError, Origin, ServiceError};
use serde::{Deserialize, Serialize};

use crate::{
    request::{actor, checked, not_stored},
    service::Context,
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatedRequest {
    /// Whose it is; `-` where nobody knows.
    pub organization: String,
    /// Who, as `operator:<name>`.
    pub actor: String,
    /// What: `redelivered`, `dead_letter_retried` or `dead_letter_discarded`.
    pub action: AuditedAction,
    /// On what: `<stream>#<sequence>` or `<stream>#<first>-<last>`.
    pub target: String,
    /// The identifier of the message that it is about, where it is about one: the record belongs to its case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<String>,
    /// The case of that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// Why.
    pub reason: String,
    /// What identifies this request: repeating it writes no second record.
    pub request_id: String,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatedReply {
    /// The record, as a redelivery has to name it.
    pub audit: AuditReference,
    /// Its sequence in EVENTS; nothing where an earlier request with the same id wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
}

impl Context {
    /// Writes the record, and returns when it is in the log.
    pub(crate) async fn operated(&self, request: OperatedRequest) -> Result<OperatedReply, ServiceError> {
        let organization = OrganizationId::parse(&request.organization)
            .map_err(|error| ServiceError::new(400, format!("{error}.")))?;
        let actor = actor(request.actor)?;
        if !actor.starts_with("operator:") {
            return Err(ServiceError::new(400, "`actor` has to be `operator:` and who that is."));
        }
        if !is_operators(request.action) {
            let sentence = format!("`{}` is nothing that an operator does by hand.", request.action);
            return Err(ServiceError::new(400, sentence));
        }
        let reason = checked("reason", request.reason)?;
        if reason.trim().is_empty() {
            return Err(ServiceError::new(400, "`reason` has to say why."));
        }
        let request_id = checked("request_id", request.request_id)?;
        let now = self.now();
        let id = audit::id(&organization, &format!("operated.{request_id}"));
        let about = |field, text: Option<String>| text.map(|text| checked(field, text)).transpose();
        let causation = about("causation", request.causation)?;
        let correlation = about("correlation", request.correlation)?;
        let cause = Cause {
            correlation: correlation
                .or_else(|| causation.clone())
                .unwrap_or_else(|| request_id.clone()),
            id: causation.unwrap_or(request_id),
            actor,
            time: now,
            traceparent: None,
            origin: Origin::default(),
        };
        let recorded = Recorded {
            action: request.action,
            connector: None,
            integration: None,
            purpose: Some(checked("target", request.target)?),
            refused: None,
            reason: Some(reason),
            count: 1,
            first_at: now,
            last_at: now,
        };
        let subject = AggregateSubject::new::<Audit>(&organization, id);
        // Loaded first: a repeated request finds its record, also after the server forgot what it saw twice.
        let executed = self
            .store
            .execute::<Audit>(&subject, &cause, AuditCommand::Record(recorded));
        let executed = executed.await.map_err(|error| match error {
            ExecuteError::Store(error) => not_stored(&error),
            ExecuteError::Refused(never) => match never {},
        })?;
        Ok(OperatedReply {
            audit: AuditReference { organization, id },
            position: executed.position.map(|position| position.sequence),
        })
    }
}

fn is_operators(action: AuditedAction) -> bool {
    match action {
        AuditedAction::Redelivered | AuditedAction::DeadLetterRetried | AuditedAction::DeadLetterDiscarded => true,
        AuditedAction::CredentialRead
        | AuditedAction::AuthorizationRefused
        | AuditedAction::CredentialStored
        | AuditedAction::CredentialRefreshed
        | AuditedAction::CredentialRevoked
        | AuditedAction::CredentialShredded
        | AuditedAction::AccessRefused => false,
    }
}
