//! The public router, before the connectors' webhooks are merged into it.

use axum::{Extension, Router, http::StatusCode, http::Uri};

use crate::{Problem, Readiness, RequestId, health};

/// Health, readiness, and problems for what is not there.
///
/// Merge what else is served into it, then put [`layered`](crate::layered) around the whole, which
/// [`serve`](crate::serve) does.
pub fn router(readiness: Readiness) -> Router {
    health::routes(readiness)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

async fn not_found(Extension(id): Extension<RequestId>, uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, &id).detail(format!("There is nothing at `{}`.", uri.path()))
}

async fn method_not_allowed(Extension(id): Extension<RequestId>, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, &id).detail(format!("`{}` does not take this method.", uri.path()))
}

#[cfg(test)]
mod tests;
