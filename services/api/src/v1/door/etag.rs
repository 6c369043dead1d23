//! Entity tags: what somebody has already is not sent again, and what somebody else changed is not overwritten.
//!
//! <https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3>

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;
use ring::digest;

use crate::v1::Error;

/// A representation's tag: it says the same as another exactly where the bytes are the same.
pub(crate) fn tag(representation: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, representation);
    format!("\"{}\"", hex::encode(&hash.as_ref()[..16]))
}

/// Gives every JSON document its tag, and 304 to whoever has it.
pub(super) async fn revalidate(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known: Vec<HeaderValue> = request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .cloned()
        .collect();
    let response = next.run(request).await;
    let is_document = response.status() == StatusCode::OK
        && response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json");
    if !is_document {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let body = body.to_bytes();
    let tag = tag(&body);
    let is_known = known
        .iter()
        .any(|value| value.to_str().is_ok_and(|list| names(list, &tag)));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    if !is_known {
        return Response::from_parts(parts, body.into());
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// Whether a list of tags has this one, weak or not, or stands for any.
fn names(list: &str, tag: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

/// What a write says about what it changes: `If-Match`, or `If-None-Match: *` for what must not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// It does not care.
    Any,
    /// It is there.
    Present,
    /// It is there and has one of these tags.
    Tags(Vec<String>),
    /// It is not there.
    Absent,
}

impl<S: Sync> FromRequestParts<S> for Precondition {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::read(&parts.headers)
    }
}

impl Precondition {
    fn read(headers: &HeaderMap) -> Result<Self, Error> {
        let items = |name: HeaderName| -> Vec<String> {
            let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
            let items = values
                .flat_map(|list| list.split(','))
                .map(|item| item.trim().to_owned());
            items.collect()
        };
        let (wanted, unwanted) = (items(header::IF_MATCH), items(header::IF_NONE_MATCH));
        match (&*wanted, &*unwanted) {
            ([], []) => Ok(Self::Any),
            ([any], []) if any == "*" => Ok(Self::Present),
            ([], [any]) if any == "*" => Ok(Self::Absent),
            (_, []) => Ok(Self::Tags(wanted)),
            _ => Err(Error::input(
                "A write takes `If-Match` with what is there now, or `If-None-Match: *` where nothing is.",
            )),
        }
    }

    /// Whether it holds for what is there now, by its tag. Weak tags say nothing about a write:
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1>
    pub fn holds(&self, present: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Present => present.is_some(),
            Self::Absent => present.is_none(),
            Self::Tags(tags) => present.is_some_and(|present| tags.iter().any(|tag| tag == present)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_have_the_same_tag() {
        assert_eq!(tag(b"{}"), tag(b"{}"));
        assert_ne!(tag(b"{}"), tag(b"[]"));
        assert_eq!(tag(b"").len(), 34);
    }

    #[test]
    fn a_tag_is_found_in_a_list() {
        let tag = "\"a\"";
        for list in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names(list, tag), "{list}");
        }
        for list in ["", "a", "\"b\"", "\"A\""] {
            assert!(!names(list, tag), "{list}");
        }
    }

    #[test]
    fn a_write_says_what_it_expects() {
        let read = |lines: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(name, value.parse().unwrap());
            }
            Precondition::read(&headers)
        };
        let (present, other) = (Some("\"a\""), Some("\"b\""));
        let any = read(&[]).unwrap();
        assert!(any.holds(None) && any.holds(present));
        let same = read(&[(header::IF_MATCH, "\"x\", \"a\"")]).unwrap();
        assert!(same.holds(present) && !same.holds(other) && !same.holds(None));
        let weak = read(&[(header::IF_MATCH, "W/\"a\"")]).unwrap();
        assert!(!weak.holds(present));
        let there = read(&[(header::IF_MATCH, "*")]).unwrap();
        assert!(there.holds(other) && !there.holds(None));
        let new = read(&[(header::IF_NONE_MATCH, "*")]).unwrap();
        assert!(new.holds(None) && !new.holds(present));
        for contradiction in [
            &[(header::IF_NONE_MATCH, "\"a\"")][..],
            &[(header::IF_MATCH, "*"), (header::IF_NONE_MATCH, "*")],
        ] {
            assert_eq!(read(contradiction).unwrap_err().status(), 400);
        }
    }
}
