//! Somebody who is signed in, on their way to a route.

use std::sync::Arc;

use axum::http::request::Parts;
use infragpt_events::organization::Role;
use infragpt_projections::wall::Inside;

use super::{Api, Caller, audit};
use crate::v1::{Error, Permission};

/// What a request carries past the door. Only [`Reader`](super::Reader) and [`Asker`](super::Asker) can look into it, nothing
/// else gives a route anything, and both find out first whether the caller may.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(super) api: Arc<Api>,
    pub(super) permission: Permission,
    pub(super) caller: Caller,
    /// The identity of the command that the request leads to, if it leads to one.
    pub(super) command: Option<String>,
}

impl Admitted {
    pub(super) fn take(parts: &mut Parts) -> Result<Self, Error> {
        let admitted = parts.extensions.remove::<Self>();
        admitted.ok_or_else(|| Error::internal("a route without its door"))
    }

    /// Begins to read as the caller, if they may.
    pub(super) async fn enter(&self) -> Result<Inside, Error> {
        let inside = self
            .api
            .wall
            .enter(&self.caller.organization, &self.caller.user)
            .await?;
        let role = inside.role();
        if self.is_granted_to(role) {
            return Ok(inside);
        }
        // Others may read while the audit is told.
        drop(inside);
        Err(self.refuse(role).await)
    }

    /// Refuses whoever may not; `role` is what they are in the organization, which is nothing for a stranger.
    pub(super) async fn check(&self, role: Option<Role>) -> Result<(), Error> {
        if self.is_granted_to(role) {
            return Ok(());
        }
        Err(self.refuse(role).await)
    }

    fn is_granted_to(&self, role: Option<Role>) -> bool {
        role.is_some_and(|role| self.permission.is_granted_to(role))
    }

    /// What somebody hears who may not.
    async fn refuse(&self, role: Option<Role>) -> Error {
        let Some(role) = role else { return Error::NotMember };
        audit::note_refused(&self.api.connection, &self.caller, role, self.permission).await;
        Error::NotAllowed(self.permission)
    }
}
