//! What stands in an address's path. What can be nobody's name has nothing under it, so it is not found.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use infragpt_events::ConnectorKind;
use uuid::Uuid;

use crate::v1::Error;

/// The identity of what is asked for.
#[derive(Debug)]
pub(crate) struct Id(pub Uuid);

/// The kind of system whose connection is asked for.
#[derive(Debug)]
pub(crate) struct Connector(pub ConnectorKind);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        // As it is written here, and not in the other ways in which it could be.
        let hyphenated = |text: &str| Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
        only(parts, state, hyphenated).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Connector {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        only(parts, state, |text| ConnectorKind::parse(text).ok())
            .await
            .map(Self)
    }
}

/// The only parameter of the path, as `read` reads it.
async fn only<S: Send + Sync, T>(
    parts: &mut Parts,
    state: &S,
    read: impl Fn(&str) -> Option<T> + Send,
) -> Result<T, Error> {
    let parameters = RawPathParams::from_request_parts(parts, state).await;
    let found = parameters.ok().and_then(|parameters| {
        let (_, value) = parameters.iter().next()?;
        read(value)
    });
    found.ok_or(Error::NotFound("There is nothing by this name.".into()))
}
