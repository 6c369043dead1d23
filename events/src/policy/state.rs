//! What is known of what an organization allows.

use uuid::{Uuid, uuid};

use super::event::{Approvers, PolicyEvent, Rules};
use crate::OrganizationId;

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a0d");

/// The identity of an organization's rules.
pub fn id(organization: &OrganizationId) -> Uuid {
    Uuid::new_v5(&NAMESPACE, organization.as_str().as_bytes())
}

/// What an organization allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The rules of today.
    pub rules: Rules,
}

impl Policy {
    /// Whether `person` may let a proposed action happen.
    pub fn may_approve(&self, person: &str) -> bool {
        match &self.rules.approvers {
            Approvers::Anyone => true,
            Approvers::Listed(people) => people.contains(person),
        }
    }

    pub(super) fn after(event: &PolicyEvent) -> Self {
        let PolicyEvent::Changed(changed) = event;
        Self {
            rules: changed.rules.clone(),
        }
    }
}
