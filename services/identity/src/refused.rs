//! `audit.v1.refused`: somebody asked for what they may not do, and that is to be known later.

use infragpt_events::audit::AuditedAction;
use infragpt_nats::{Note, Origin, ServiceError};
use serde::{Deserialize, Serialize};

use crate::{
    request::{actor, checked, organization},
    service::Context,
};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRequest {
    /// The organization that it was about.
    pub organization: String,
    /// Who asked, as `user:<id>`.
    pub actor: String,
    /// What they would have needed, in a word.
    pub permission: String,
    /// Why they were refused, for people. The same in the same case.
    pub reason: String,
    /// Where the request came from.
    #[serde(default)]
    pub origin: Origin,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReply {}

impl Context {
    /// Notes it; it is in the log within seconds, what happened often in one record.
    pub(crate) fn refused(&self, request: RefusedRequest) -> Result<RefusedReply, ServiceError> {
        self.audit.note(Note {
            organization: organization(&request.organization)?,
            action: AuditedAction::AccessRefused,
            connector: None,
            integration: None,
            purpose: Some(checked("permission", request.permission)?.into()),
            refused: Some(checked("reason", request.reason)?),
            actor: actor(request.actor)?,
            correlation: None,
            origin: request.origin,
        });
        Ok(RefusedReply {})
    }
}
