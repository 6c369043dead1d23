//! An entry of the audit, as the API shows it.

use chrono::{DateTime, Utc};
use infragpt_projections::audit::{self, Outcome};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::words;

/// Something that was done, tried, or refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its identity.
    id: Uuid,
    /// What, such as `integration.authorized`, `credential_read` or `access_refused`.
    action: String,
    /// What kind of thing it was about.
    subject_kind: String,
    /// Which one.
    subject_id: String,
    /// The kind of system, where it was about one.
    connector: Option<String>,
    /// What a credential was opened for, or what was asked for and refused.
    purpose: Option<String>,
    /// Whether it came to what whoever did it wanted.
    #[schema(value_type = words::Outcome)]
    outcome: Outcome,
    /// Why, where that was said.
    reason: Option<String>,
    /// How often between the first time and the last: what happens often is written down together.
    count: i64,
    /// Who did it, as `<kind>:<id>`, where that is known.
    actor: Option<String>,
    /// The network address that it was asked from, where somebody asked.
    address: Option<String>,
    /// The HTTP request that asked for it, where one did.
    request_id: Option<String>,
    /// What everything of its case has in common.
    correlation_id: Option<String>,
    /// The first time.
    first_at: DateTime<Utc>,
    /// The last time.
    last_at: DateTime<Utc>,
}

impl From<audit::Entry> for AuditEntry {
    fn from(entry: audit::Entry) -> Self {
        Self {
            id: entry.id,
            action: entry.action,
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id,
            connector: entry.connector,
            purpose: entry.purpose,
            outcome: entry.outcome,
            reason: entry.reason,
            count: entry.count,
            actor: entry.actor,
            address: entry.address,
            request_id: entry.request_id,
            correlation_id: entry.correlation_id,
            first_at: entry.first_at,
            last_at: entry.last_at,
        }
    }
}
