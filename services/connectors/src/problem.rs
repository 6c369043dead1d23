//! Refusals over HTTP, as RFC 9457 `application/problem+json`.

use std::borrow::Cow;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::fact;

/// Seconds after which a sender that honours `Retry-After` should come back when the log can't be reached.
const RETRY_AFTER_SECONDS: u16 = 5;

/// Why a request is refused, without internals. <https://www.rfc-editor.org/rfc/rfc9457>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the response.
    pub status: StatusCode,
    /// One sentence for the one who sent the request.
    pub detail: Cow<'static, str>,
    /// `x-request-id` of the request, where a layer in front gave it one.
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem that is told with `status`.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            request_id: None,
        }
    }

    /// The request isn't proved to come from whom it should.
    pub fn unauthorized(reason: &impl ToString) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, reason.to_string())
    }

    /// The body is longer than is taken.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {limit} bytes"),
        )
    }

    /// The body is of another content type than is taken.
    pub fn unsupported(expected: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("this endpoint takes {expected}"),
        )
    }

    /// Carries the request's id, so that the sender's report finds our log line.
    #[must_use]
    pub fn of(mut self, headers: &HeaderMap) -> Self {
        self.request_id = header(headers, "x-request-id").map(str::to_owned);
        self
    }
}

impl From<&fact::Error> for Problem {
    fn from(error: &fact::Error) -> Self {
        match error {
            fact::Error::Publish(infragpt_nats::fact::Error::TooLarge) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the log takes")
            }
            fact::Error::Publish(infragpt_nats::fact::Error::Unavailable(_)) | fact::Error::TimedOut(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "nothing is stored right now: send it again",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(id) = self.request_id {
            body["request_id"] = id.into();
        }
        let mut response = (self.status, Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

/// The text of a header, if it is there once as visible ASCII.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether the request says that its body is `essence`, whatever parameters follow.
pub fn is_content_type(headers: &HeaderMap, essence: &str) -> bool {
    header(headers, "content-type")
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(essence))
}

/// Reads the whole body, up to `limit` bytes; one that says that it is longer is refused unread.
///
/// # Errors
/// A [`Problem`] when it is too long, or broke off.
pub async fn read_body(headers: &HeaderMap, request: Request, limit: usize) -> Result<Bytes, Problem> {
    let announced = header(headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Problem::too_large(limit));
    }
    Bytes::from_request(request, &())
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(limit),
            _ => Problem::new(StatusCode::BAD_REQUEST, "the body ended before it was complete"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_is_json_that_says_what_to_do() {
        let error = fact::Error::TimedOut(std::time::Duration::from_secs(2));
        let response = Problem::from(&error).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "5");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["status"], 503);
        assert_eq!(body["title"], "Service Unavailable");
    }
}
