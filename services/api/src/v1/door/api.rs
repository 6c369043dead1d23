//! What every request to the API is answered with.

use std::sync::Arc;

use axum::http::request;
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, organization::Role};
use infragpt_identity::Sessions;
use infragpt_nats::{Connection, IdempotencyKeys, Origin};
use infragpt_projections::wall::{Inside, Wall};

use super::{Caller, audit, origins::Origins, rate::Rate, session};
use crate::{
    Proxies, RequestId,
    v1::{Error, Parts, Permission},
};

/// What every request to the API is answered with.
pub(crate) struct Api {
    pub wall: Wall,
    pub connection: Connection,
    pub clock: fn() -> DateTime<Utc>,
    /// The kinds of systems that can be connected.
    pub connectors: Arc<[ConnectorKind]>,
    pub(super) sessions: Sessions,
    pub(super) keys: IdempotencyKeys,
    pub(super) rate: Rate,
    pub(super) origins: Origins,
    pub(super) proxies: Proxies,
}

impl Api {
    pub fn new(parts: Parts) -> Self {
        let settings = parts.settings;
        Self {
            wall: parts.wall,
            keys: IdempotencyKeys::new(&parts.connection),
            connection: parts.connection,
            clock: parts.clock,
            sessions: parts.sessions,
            rate: Rate::new(settings.rate_per_minute, settings.rate_burst),
            origins: Origins::new(&settings),
            proxies: settings.proxies,
            connectors: settings.connectors.into(),
        }
    }

    /// Who sent a request, and for which organization. What they may do there is not known yet, so it is the least.
    pub(super) async fn identify(&self, request: &request::Parts, id: &RequestId) -> Result<Caller, Error> {
        let presented = session::find(&request.headers)?;
        let session = self.sessions.verify(presented.token).await?;
        let organization = session.organization.ok_or(Error::NoOrganization)?;
        if presented.by_itself && !request.method.is_safe() {
            self.origins.check(&request.headers)?;
        }
        let address = self.proxies.client(&request.extensions, &request.headers);
        Ok(Caller {
            user: session.user.into(),
            organization,
            role: Role::Member,
            origin: Origin {
                address: address.map(|address| address.to_string()),
                request: Some(id.as_str().to_owned()),
            },
        })
    }

    /// Begins to read as `caller`, if they belong to the organization and may do what `permission` says.
    pub(super) async fn enter(&self, caller: &mut Caller, permission: Permission) -> Result<Inside, Error> {
        let inside = self.wall.enter(&caller.organization, &caller.user).await?;
        let Some(role) = inside.role() else {
            inside.leave().await?;
            return Err(Error::NotMember);
        };
        caller.role = role;
        if !permission.is_granted_to(role) {
            inside.leave().await?;
            audit::note_refused(&self.connection, caller, permission).await;
            return Err(Error::NotAllowed(permission));
        }
        Ok(inside)
    }
}
