//! What an operator does by hand is on record before it happens.

use std::time::Duration;

use infragpt_events::audit::AuditedAction;
use infragpt_identity::{OperatedReply, OperatedRequest};
use infragpt_nats::{AuditReference, Connection, request};
use uuid::Uuid;

/// How long the record may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Somebody who does something by hand, and says why.
#[derive(Debug, Clone)]
pub struct Operator {
    pub(crate) connection: Connection,
    actor: String,
    reason: String,
}

/// What something is done on.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// `<stream>#<sequence>`, or `<stream>#<first>-<last>`.
    pub place: String,
    /// Whose it is, where somebody knows.
    pub organization: Option<&'a str>,
    /// The identifier of the one message that it is.
    pub id: Option<&'a str>,
    /// The case of that message.
    pub correlation: Option<&'a str>,
}

impl Operator {
    /// `actor` is `operator:<name>`; `reason` goes into the audit, and has 200 characters at most.
    pub fn new(connection: &Connection, actor: String, reason: String) -> Self {
        Self {
            connection: connection.clone(),
            actor,
            reason,
        }
    }

    /// Who it is, as `operator:<name>`.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Records that `action` is about to be done on `target`. Returns once that is stored.
    ///
    /// # Errors
    /// When nobody records it, or the reason is none.
    pub async fn record(&self, action: AuditedAction, target: Target<'_>) -> Result<AuditReference, request::Error> {
        let request = OperatedRequest {
            organization: target.organization.unwrap_or("-").to_owned(),
            actor: self.actor.clone(),
            action,
            target: target.place,
            causation: target.id.map(str::to_owned),
            correlation: target.correlation.map(str::to_owned),
            reason: self.reason.clone(),
            request_id: Uuid::now_v7().to_string(),
        };
        let reply: OperatedReply = self.connection.request("audit.v1.operated", &request, TIMEOUT).await?;
        Ok(reply.audit)
    }
}

/// Why nobody answered, and what to do.
pub(crate) fn unanswered(error: &request::Error) -> String {
    match error {
        request::Error::NoResponders(subject) if subject.starts_with("audit.") => {
            "nobody records what operators do: is `infragpt serve` running with the role `identity`?".to_owned()
        }
        request::Error::NoResponders(subject) => {
            let consumer = subject.rsplit('.').next().unwrap_or_default();
            format!("nobody handles `{consumer}` now: is `infragpt serve` running with its role?")
        }
        request::Error::Service { message, .. } => message.clone(),
        other => other.to_string(),
    }
}
