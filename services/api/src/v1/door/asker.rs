//! What a route asks the other roles with.

use std::time::Duration;

use axum::{extract::FromRequestParts, http::request::Parts};
use infragpt_events::OrganizationId;
use infragpt_nats::{Origin, request};
use serde::{Serialize, de::DeserializeOwned};

use super::{Admitted, Reader};
use crate::v1::Error;

/// How long a command may take: some ask an external system, a few times.
const PATIENCE: Duration = Duration::from_secs(25);

/// A way to ask the other roles, for a caller who may: of what changes something the door has found that out.
pub(crate) struct Asker(Admitted);

/// What every command says of whoever asks.
#[derive(Debug, Serialize)]
pub(crate) struct Identity<'a> {
    organization: &'a OrganizationId,
    actor: String,
    request_id: Option<&'a str>,
    origin: &'a Origin,
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let admitted = Admitted::take(parts)?;
        if parts.method.is_safe() {
            admitted.enter().await.map(drop)?;
        }
        Ok(Self(admitted))
    }
}

impl Asker {
    /// Whoever asks, for a command: flatten it into the request.
    pub fn identity(&self) -> Identity<'_> {
        Identity {
            organization: &self.0.caller.organization,
            actor: self.0.caller.actor(),
            request_id: self.0.command.as_deref(),
            origin: &self.0.caller.origin,
        }
    }

    /// The way to the tables.
    pub fn reader(&self) -> Reader {
        Reader::new(&self.0)
    }

    /// The organization that it is asked for.
    pub fn organization(&self) -> &OrganizationId {
        &self.0.caller.organization
    }

    /// Asks a service.
    ///
    /// # Errors
    /// What it refuses with, which is an [`Error`](crate::v1::Error) as soon as somebody says what that means here.
    pub async fn ask<Q: Serialize + Sync, R: DeserializeOwned>(
        &self,
        subject: &str,
        request: &Q,
    ) -> Result<R, request::Error> {
        self.0.api.connection.request(subject, request, PATIENCE).await
    }
}
