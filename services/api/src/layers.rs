//! What every request goes through: its id, one log line, and a net for panics.

use std::{any::Any, panic::AssertUnwindSafe, time::Instant};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Problem;

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The identity of a request; handlers find it in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A caller's id where it can't do harm in a log or a header, else a fresh one.
    fn of(request: &Request) -> Self {
        let told = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let harmless = |id: &&str| {
            (1..=128).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        };
        Self(
            told.filter(harmless)
                .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
        )
    }
}

/// Puts the common layers around `router`: use it for every router that is served.
pub fn layered(router: Router) -> Router {
    router.layer(middleware::from_fn(observe))
}

/// Gives the request an id, answers a panic with a problem, and logs one line without bodies, queries or headers,
/// which may hold secrets.
async fn observe(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request.id = id.as_str());
    let started = Instant::now();
    let mut response = match AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .instrument(span.clone())
        .await
    {
        Ok(response) => response,
        Err(panic) => {
            span.in_scope(|| tracing::error!(panic = words(&*panic), "A request handler panicked"));
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &id)
                .detail("Something went wrong here. The log has the reason under this request id.")
                .into_response()
        }
    };
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| log(&method, &path, response.status(), milliseconds));
    response
}

/// Health checks come every few seconds and say nothing new; what failed here is worth a warning.
fn log(method: &Method, path: &str, status: StatusCode, milliseconds: f64) {
    let code = status.as_u16();
    if status.is_server_error() && path != "/readyz" {
        tracing::warn!(%method, path, status = code, ms = milliseconds, "{method} {path} {code}");
    } else if path == "/healthz" || path == "/readyz" {
        tracing::debug!(%method, path, status = code, ms = milliseconds, "{method} {path} {code}");
    } else {
        tracing::info!(%method, path, status = code, ms = milliseconds, "{method} {path} {code}");
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words")
}

/// A request id for tests of what shows one.
#[cfg(test)]
pub(crate) fn tests_request_id(id: &str) -> RequestId {
    RequestId(id.to_owned())
}
