//! Which pages of other origins a browser lets read the API: those that are configured, and no other.
//!
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const METHODS: &str = "GET, PUT, POST, DELETE";
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Infragpt-Position, X-Request-Id";
const RESPONSE_HEADERS: &str = "ETag, Idempotency-Replayed, Infragpt-Position, RateLimit-Limit, RateLimit-Remaining, \
                                RateLimit-Reset, Retry-After, X-Request-Id";
/// How long a browser need not ask again, in seconds.
const REMEMBERED: &str = "600";

/// The origins whose pages may.
pub(super) type Allowed = Arc<[HeaderValue]>;

/// Answers what a browser asks beforehand, and says in each response whose page may see it. What comes from elsewhere goes on as
/// if there were no CORS: it is the browser that keeps the answer from the page.
pub(super) async fn share(State(allowed): State<Allowed>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN);
    let origin = origin.filter(|origin| allowed.contains(origin)).cloned();
    let asks_beforehand =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if origin.is_some() && asks_beforehand {
        let mut response = StatusCode::NO_CONTENT.into_response();
        add(
            response.headers_mut(),
            &[
                (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
                (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
            ],
        );
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        add(
            headers,
            &[
                (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
                (header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS),
            ],
        );
    }
    response
}

fn add(headers: &mut HeaderMap, lines: &[(header::HeaderName, &'static str)]) {
    for (name, value) in lines {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
