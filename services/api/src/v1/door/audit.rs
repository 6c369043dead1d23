//! Tells the audit of people who asked for what they may not do.

use std::time::Duration;

use infragpt_events::{OrganizationId, organization::Role};
use infragpt_nats::{Connection, Origin};
use serde::{Deserialize, Serialize};

use super::Caller;
use crate::v1::Permission;

/// How long somebody who is refused waits for it to be written down.
const PATIENCE: Duration = Duration::from_secs(2);

/// The request of `audit.v1.refused`.
#[derive(Serialize)]
struct Refused<'a> {
    organization: &'a OrganizationId,
    actor: String,
    permission: &'static str,
    reason: String,
    origin: &'a Origin,
}

/// Its reply.
#[derive(Deserialize)]
struct Noted {}

/// Notes that `caller` asked for what their role may not do. That it can't be noted is no reason to let them.
pub(super) async fn note_refused(connection: &Connection, caller: &Caller, role: Role, permission: Permission) {
    let request = Refused {
        organization: &caller.organization,
        actor: caller.actor(),
        permission: permission.as_str(),
        reason: format!("a {role} may not do this"),
        origin: &caller.origin,
    };
    let noted: Result<Noted, _> = connection.request("audit.v1.refused", &request, PATIENCE).await;
    if let Err(error) = noted {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            organization.id = %caller.organization, permission = permission.as_str(),
            "The audit could not be told of a refusal"
        );
    }
}
