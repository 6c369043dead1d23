//! What stands around all routes.

use axum::{Router, http::HeaderValue, middleware};

use super::{cors, etag, security, timeout};
use crate::v1::Settings;

/// Puts around the routes what every response goes through; the first that is named here is the first to be left.
pub(crate) fn around(routes: Router, settings: &Settings) -> Router {
    let origins = settings.cors_origins.iter();
    let allowed: cors::Allowed = origins
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect();
    routes
        .layer(middleware::from_fn(etag::revalidate))
        .layer(middleware::from_fn(timeout::limit))
        .layer(middleware::from_fn_with_state(allowed, cors::share))
        .layer(middleware::from_fn_with_state(settings.is_https, security::harden))
}
