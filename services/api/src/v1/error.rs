//! Everything that can be wrong with a request to the API, and which status each has.

use std::{borrow::Cow, sync::Arc};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use infragpt_identity::session;
use infragpt_nats::{idempotency, request};
use infragpt_projections::DatabaseError;

use super::Permission;
use crate::{Problem, RequestId};

/// How soon trying again makes sense where nothing better is known, in seconds.
const SOON: u64 = 1;

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a request is not answered as it was wished. Its words are for whoever asks.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error("Sign in first: this request has no session.")]
    NoSession,
    #[error("Sign in again: {0}.")]
    BadSession(session::Error),
    #[error("This request has two sessions. Send one, as `Authorization: Bearer` or as the cookie `__session`.")]
    TwoSessions,
    #[error("The session is for no organization: choose one first.")]
    NoOrganization,
    #[error(
        "You are no member of this organization, as far as is known here. Whoever was just added waits a moment and tries \
         again."
    )]
    NotMember,
    #[error("This needs the permission `{0}`, which administrators have.")]
    NotAllowed(Permission),
    #[error("This page may not change anything: with a session cookie, `Origin` has to be one that is allowed.")]
    ForeignOrigin,
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    NotFound(Cow<'static, str>),
    #[error("The first request with this `Idempotency-Key` is still being worked on.")]
    Running,
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Gone(String),
    #[error("{0}")]
    Changed(String),
    #[error("The body is larger than {0} bytes.")]
    TooLarge(usize),
    #[error("The body has to be JSON, with `Content-Type: application/json`.")]
    MediaType,
    #[error("This `Idempotency-Key` was used for another request: take a new one.")]
    KeyReused,
    #[error("{0}")]
    Refused(String),
    #[error("Your organization asks more often than it may. Try again in {0} seconds.")]
    TooMany(u64),
    #[error("Something went wrong here. The log has the reason under this request id.")]
    Internal(#[source] Source),
    #[error("What was written at this position is not readable yet: try again.")]
    Behind,
    #[error("What this needs is not there right now: try again.")]
    Unavailable(#[source] Source),
    #[error("This took too long. What it was to do may have happened: send it again with the same `Idempotency-Key`.")]
    TimedOut,
}

impl Error {
    /// A part of the request can't be read, and why.
    pub fn input(sentence: impl Into<String>) -> Self {
        Self::Input(sentence.into())
    }

    /// There is no such thing, or it is another organization's, which is the same to whoever asks.
    pub fn no_such(thing: &str) -> Self {
        Self::NotFound(format!("There is no such {thing}.").into())
    }

    /// Something that can't be, for the log.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into().into())
    }

    /// Something that others of us have to be there for, for the log.
    pub fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into().into())
    }

    /// The one place that knows which status an error has.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Input(_) => StatusCode::BAD_REQUEST,
            Self::NoSession | Self::BadSession(_) | Self::TwoSessions => StatusCode::UNAUTHORIZED,
            Self::NoOrganization | Self::NotMember | Self::NotAllowed(_) | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Running | Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Gone(_) => StatusCode::GONE,
            Self::Changed(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::KeyReused | Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Behind | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// When to try again, in seconds, where that is known.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::Running | Self::Behind | Self::Unavailable(_) => Some(SOON),
            _ => None,
        }
    }

    /// The problem as it is sent, after the log has what it does not say.
    pub fn respond(&self, id: &RequestId) -> Response {
        if let Self::Internal(source) | Self::Unavailable(source) = self {
            tracing::error!(error = &**source as &dyn std::error::Error, "{self}");
        }
        let mut response = Problem::new(self.status(), id).detail(self.to_string()).into_response();
        self.add_headers(response.headers_mut());
        response
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        // <https://www.rfc-editor.org/rfc/rfc6750#section-3>
        let challenge = match self {
            Self::NoSession => Some("Bearer"),
            Self::BadSession(_) | Self::TwoSessions => Some(r#"Bearer error="invalid_token""#),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }

    /// Makes a problem of `response` if an error made it: what an error is made in doesn't know the request's id.
    pub fn finish(mut response: Response, id: &RequestId) -> Response {
        match response.extensions_mut().remove::<Self>() {
            Some(error) => error.respond(id),
            None => response,
        }
    }
}

/// Carries the error to [`finish`](Error::finish).
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<session::Error> for Error {
    fn from(error: session::Error) -> Self {
        match error {
            session::Error::Unavailable => Self::unavailable(error),
            of_the_token => Self::BadSession(of_the_token),
        }
    }
}

impl From<DatabaseError> for Error {
    /// Out of resources, stopped by an operator or by its time limit, or not there at all: it may be otherwise soon.
    /// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
    fn from(error: DatabaseError) -> Self {
        let code = error.as_database_error().map(|error| error.code().unwrap_or_default());
        match code {
            Some(code) if !code.starts_with("53") && !code.starts_with("57") => Self::internal(error),
            _ => Self::unavailable(error),
        }
    }
}

impl From<idempotency::Error> for Error {
    fn from(error: idempotency::Error) -> Self {
        Self::unavailable(error)
    }
}

impl From<request::Error> for Error {
    /// What a service refused in the manner of HTTP. What it says of its own failures is for the log.
    fn from(error: request::Error) -> Self {
        match error {
            request::Error::Service { code, message } => match code {
                404 => Self::NotFound(message.into()),
                410 => Self::Gone(message),
                412 => Self::Changed(message),
                // Its words about a credential or an account are no words about this session.
                401 | 403 | 409 | 501 => Self::Conflict(message),
                422 => Self::Refused(message),
                429 | 503 => Self::unavailable(message),
                504 => Self::TimedOut,
                _ => Self::internal(format!("a service refused with {code}: {message}")),
            },
            request::Error::TimedOut(_) => Self::TimedOut,
            request::Error::NoResponders(_) | request::Error::Unavailable(_) => Self::unavailable(error),
            request::Error::Decode(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(code: u16) -> (u16, String) {
        let error = Error::from(request::Error::Service {
            code,
            message: "sealed with key 7".to_owned(),
        });
        (error.status().as_u16(), error.to_string())
    }

    #[test]
    fn what_a_service_refuses_is_no_failure_of_ours_and_its_failures_stay_in_the_log() {
        for (code, status) in [(401, 409), (403, 409), (404, 404), (410, 410), (412, 412), (422, 422)] {
            assert_eq!(service(code), (status, "sealed with key 7".to_owned()), "{code}");
        }
        for (code, status) in [(400, 500), (429, 503), (500, 500), (503, 503), (504, 504), (777, 500)] {
            let (found, words) = service(code);
            assert_eq!(found, status, "{code}");
            assert!(!words.contains("key 7"), "{code}: {words}");
        }
    }

    #[test]
    fn a_problem_says_when_to_try_again_and_how_to_sign_in() {
        let id = crate::layers::tests_request_id("r-1");
        let header = |error: Error, name: header::HeaderName| {
            let response = error.respond(&id);
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header(Error::TooMany(7), header::RETRY_AFTER).unwrap(), "7");
        assert_eq!(header(Error::Behind, header::RETRY_AFTER).unwrap(), "1");
        assert_eq!(header(Error::NoSession, header::WWW_AUTHENTICATE).unwrap(), "Bearer");
        let bad = Error::from(session::Error::Signature);
        assert_eq!(
            header(bad, header::WWW_AUTHENTICATE).unwrap(),
            r#"Bearer error="invalid_token""#
        );
        assert_eq!(header(Error::NotMember, header::WWW_AUTHENTICATE), None);
        assert_eq!(Error::from(session::Error::Unavailable).status(), 503);
    }

    #[test]
    fn an_error_becomes_a_problem_with_the_request_s_id() {
        let id = crate::layers::tests_request_id("r-1");
        let response = Error::finish(Error::no_such("change").into_response(), &id);
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], crate::problem::MEDIA_TYPE);
        let untouched = Error::finish(StatusCode::IM_A_TEAPOT.into_response(), &id);
        assert_eq!(untouched.status(), StatusCode::IM_A_TEAPOT);
    }

    #[test]
    fn a_lost_database_is_worth_another_try_and_a_wrong_query_is_not() {
        assert_eq!(Error::from(DatabaseError::PoolClosed).status(), 503);
        assert_eq!(Error::from(DatabaseError::PoolTimedOut).status(), 503);
    }
}
