//! How long a request may take until its response begins.

use std::time::Duration;

use axum::{Extension, extract::Request, middleware::Next, response::Response};

use crate::{RequestId, v1::Error};

/// Longer than any command and any statement may take by itself.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// Gives a request up after a time.
pub(super) async fn limit(Extension(id): Extension<RequestId>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::unavailable("a request took too long").respond(&id),
    }
}
