use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    identity::{Door, Principal, identify},
    limit::Standing,
};
use crate::{
    clock,
    operation::{Refused, faulted},
    world::World,
};

/// What the handlers need of a request besides path, query and body.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            method: parts.method.clone(),
            headers: parts.headers.clone(),
        })
    }
}

/// A refusal in GitHub's form.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl Refusal {
    pub(super) fn new(status: StatusCode, message: &str) -> Self {
        Self(status, message.to_owned())
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// The limit that is not announced; 403 unless told.
    pub(super) fn limit(status: Option<StatusCode>) -> Self {
        let status = status.unwrap_or(StatusCode::FORBIDDEN);
        Self::new(status, "You have exceeded a secondary rate limit.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.1,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.0.as_str(),
        });
        Reply::json(self.0, body).into_response()
    }
}

/// What an operation answers.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Option<Value>,
    link: Option<String>,
    etag: Option<String>,
}

impl Reply {
    pub(super) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            link: None,
            etag: None,
        }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(super) fn nothing() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            link: None,
            etag: None,
        }
    }

    pub(super) fn with_link(self, link: Option<String>) -> Self {
        Self { link, ..self }
    }

    /// Gives what can be cached a tag, and says only that it is unchanged to somebody who has it.
    ///
    /// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>
    fn tagged(mut self, asked: &Asked) -> Self {
        let Some(body) = self.body.as_ref().filter(|_| asked.method == Method::GET) else {
            return self;
        };
        let text = format!("{body}{}", self.link.as_deref().unwrap_or_default());
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let tag = format!("\"{}\"", hex::encode(digest));
        let known = asked.headers.get_all(header::IF_NONE_MATCH).iter();
        let mut known = known.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(','));
        if known.any(|it| matches!(it.trim().trim_start_matches("W/"), it if it == tag || it == "*")) {
            self.status = StatusCode::NOT_MODIFIED;
            self.body = None;
        }
        self.etag = Some(format!("W/{tag}"));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => {
                let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
                (self.status, kind, body.to_string()).into_response()
            }
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        let id = hex::encode_upper(&clock::random()[..8]);
        let texts = [
            (
                HeaderName::from_static("x-github-media-type"),
                Some("github.v3; format=json".to_owned()),
            ),
            (HeaderName::from_static("x-github-request-id"), Some(id)),
            (header::LINK, self.link),
            (header::ETAG, self.etag),
        ];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

pub(super) type Answer = Result<Reply, Refusal>;

/// Runs an operation for somebody who may come in by that door: with the fault that was planned for it, within the
/// primary rate limit, and noted in the journal.
pub(super) async fn called(
    world: &World,
    operation: &str,
    door: Door,
    asked: &Asked,
    run: impl FnOnce(Principal) -> Answer,
) -> Response {
    let refused = |refused: Refused<'_>| match refused {
        Refused::Error(error) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        Refused::Limit(status) => Refusal::limit(status).into_response(),
    };
    faulted(world, operation, refused, || {
        let (answer, standing) = served(world, door, asked, run);
        let error = answer.as_ref().err().map(|refusal| refusal.1.clone());
        let mut response = answer.into_response();
        for (name, value) in standing.map(Standing::headers).into_iter().flatten() {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        (response, error)
    })
    .await
}

fn served(
    world: &World,
    door: Door,
    asked: &Asked,
    run: impl FnOnce(Principal) -> Answer,
) -> (Answer, Option<Standing>) {
    let principal = match identify(world, door, &asked.headers) {
        Ok(principal) => principal,
        Err(refusal) => return (Err(refusal), None),
    };
    let (who, limits) = (principal.name(), &world.github.limits);
    let standing = match limits.take(&who, clock::seconds()) {
        Ok(standing) => standing,
        Err(standing) => {
            let refusal = Refusal(StatusCode::FORBIDDEN, format!("API rate limit exceeded for {who}."));
            return (Err(refusal), Some(standing));
        }
    };
    let answer = run(principal).map(|reply| reply.tagged(asked));
    let is_unchanged = answer.as_ref().is_ok_and(|it| it.status == StatusCode::NOT_MODIFIED);
    let standing = if is_unchanged {
        limits.give_back(&who)
    } else {
        Some(standing)
    };
    (answer, standing)
}
