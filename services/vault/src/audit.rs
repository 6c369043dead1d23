//! x

use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId, audit::AuditedAction};
use infragpt_nats::Connection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Purpose;

/// Something that is to be recorded for an audit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Note {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What was done, or tried.
    pub action: AuditedAction,
    /// The kind of system, where it was about one.
    pub connector: Option<ConnectorKind>,
    /// The integration, where it was about one.
    pub integration: Option<Uuid>,
    /// What for, for a credential.
    pub purpose: Option<Purpose>,
    /// Why it was refused or failed; nothing where it was done. Without secrets, and in few different words.
    pub refused: Option<String>,
    /// Who, as `<kind>:<id>`.
    pub actor: String,
    /// The event that the case goes back to, if there is one.
    pub correlation: Option<String>,
}

/// The audit log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog {}

impl AuditLog {
    /// The log with the permissions of `connection`'s role.
    pub fn new(_connection: &Connection, _clock: fn() -> DateTime<Utc>) -> Self {
        Self {}
    }

    /// Notes that something was done, or refused. It is in the log some 250 ms later.
    pub fn note(&self, _note: Note) {}

    /// Writes what is noted until `shutdown`, and then what is left.
    pub async fn run(&self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
    }
}
