//! What a route reads the tables with.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId};
use infragpt_projections::{DatabaseError, PgConnection, wall::Inside};

use super::{Admitted, Caller, Entrance};
use crate::v1::Error;

/// A transaction behind the wall, for a caller who may read what the route shows.
pub(crate) struct Reader {
    admitted: Admitted,
    inside: Inside,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let admitted = parts.extensions.remove::<Admitted>();
        let admitted = admitted.ok_or_else(|| Error::internal("a route without its door"))?;
        let inside = admitted.inside();
        let inside = inside.ok_or_else(|| Error::internal("a route that writes has nothing to read with"))?;
        Ok(Self { admitted, inside })
    }
}

impl Reader {
    /// Reads the caller's organization's rows.
    pub async fn read<T>(
        self,
        query: impl AsyncFnOnce(&mut PgConnection, &OrganizationId) -> Result<T, DatabaseError>,
    ) -> Result<T, Error> {
        let mut inside = self.inside;
        let found = query(inside.connection(), &self.admitted.caller.organization).await?;
        inside.leave().await?;
        Ok(found)
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.admitted.caller
    }

    /// The kinds of systems that can be connected.
    pub fn connectors(&self) -> Arc<[ConnectorKind]> {
        Arc::clone(&self.admitted.api.connectors)
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.admitted.api.clock)()
    }

    /// Lets the transaction go, for a route that reads page after page while somebody downloads.
    pub fn entrance(self) -> Entrance {
        Entrance::of(&self.admitted)
    }
}
