//! A domain event as the read models take it.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use uuid::Uuid;

/// A decoded event with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it happened to.
    pub aggregate: Uuid,
    /// Its place in the stream EVENTS; rows are guarded by it.
    pub sequence: u64,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Who did it, as its envelope says.
    pub actor: Option<String>,
    /// The event that everything of its case goes back to, as its envelope says.
    pub correlation: Option<String>,
    /// Its id, as its envelope says.
    pub id: String,
    /// The network address of whoever asked for it, where somebody did.
    pub address: Option<String>,
    /// The HTTP request that asked for it, where one did.
    pub request: Option<String>,
    /// What happened.
    pub event: E,
}
