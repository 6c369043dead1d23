use axum::{Router, routing::get};

use super::{jwks, page};
use crate::world::Shared;

/// Everything below `/clerk`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/.well-known/jwks.json", get(jwks::public))
        .route("/v1/jwks", get(jwks::backend))
        .merge(page::routes())
}
