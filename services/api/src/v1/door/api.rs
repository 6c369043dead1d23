//! What every request to the API is answered with.

use std::sync::Arc;

use axum::http::request;
use chrono::{DateTime, Utc};
use infragpt_events::ConnectorKind;
use infragpt_identity::Sessions;
use infragpt_nats::{Connection, IdempotencyKeys, Origin};
use infragpt_projections::wall::Wall;

use super::{Caller, origins::Origins, rate::Rate, session};
use crate::{
    Proxies, RequestId,
    v1::{Error, Parts},
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

    /// Who sent a request, and for which organization. What they may do there is another question.
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
            origin: Origin {
                address: address.map(|address| address.to_string()),
                request: Some(id.as_str().to_owned()),
            },
        })
    }
}
