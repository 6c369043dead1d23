//! What a route reads the tables with.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId, organization::Role};
use infragpt_projections::{DatabaseError, PgConnection, wall::Wall};

use super::{Admitted, Caller};
use crate::v1::Error;

/// The way to the tables behind the wall, for a caller who may read what the route shows: each transaction finds that out
/// for itself.
#[derive(Clone)]
pub(crate) struct Reader(Admitted);

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Admitted::take(parts).map(Self)
    }
}

impl Reader {
    pub(super) fn new(admitted: &Admitted) -> Self {
        Self(admitted.clone())
    }

    /// Reads the caller's organization's rows.
    pub async fn read<T>(
        &self,
        query: impl AsyncFnOnce(&mut PgConnection, &OrganizationId) -> Result<T, DatabaseError>,
    ) -> Result<T, Error> {
        let mut inside = self.0.enter().await?;
        Ok(query(inside.connection(), &self.caller().organization).await?)
    }

    /// As [`read`](Self::read), with a query that opens the wall itself and says what it finds there.
    pub async fn read_at_once<T>(
        &self,
        query: impl AsyncFnOnce(&Wall, &OrganizationId, &str) -> Result<(Option<Role>, T), DatabaseError>,
    ) -> Result<T, Error> {
        let caller = self.caller();
        let (role, found) = query(&self.0.api.wall, &caller.organization, &caller.user).await?;
        self.0.check(role).await?;
        Ok(found)
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// The kinds of systems that can be connected.
    pub fn connectors(&self) -> Arc<[ConnectorKind]> {
        Arc::clone(&self.0.api.connectors)
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0.api.clock)()
    }
}
