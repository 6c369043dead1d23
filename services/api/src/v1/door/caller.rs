//! Whoever asks, once it is known who that is.

use std::sync::Arc;

use infragpt_events::OrganizationId;
use infragpt_nats::Origin;

/// Somebody who is signed in, and the organization that they act for. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The person.
    pub user: Arc<str>,
    /// The organization, from the session and from nowhere else.
    pub organization: OrganizationId,
    /// Where the request came from.
    pub origin: Origin,
}

impl Caller {
    /// Who they are in an event.
    pub fn actor(&self) -> String {
        format!("user:{}", self.user)
    }
}
