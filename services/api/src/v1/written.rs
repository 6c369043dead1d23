//! What a write is answered with.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::door::POSITION;

/// A document that says what came of a write, and where in the log that is.
#[derive(Debug)]
pub(crate) struct Written<T> {
    status: StatusCode,
    document: T,
    position: Option<u64>,
    tag: Option<String>,
}

impl<T> Written<T> {
    /// It was done.
    pub fn ok(document: T) -> Self {
        Self {
            status: StatusCode::OK,
            document,
            position: None,
            tag: None,
        }
    }

    /// Something new came of it.
    pub fn created(document: T) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..Self::ok(document)
        }
    }

    /// Where in the log it stands, if it changed anything.
    pub fn at(mut self, position: Option<u64>) -> Self {
        self.position = position;
        self
    }

    /// The entity tag of what was written.
    pub fn tagged(mut self, tag: String) -> Self {
        self.tag = Some(tag);
        self
    }
}

impl<T: Serialize> IntoResponse for Written<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.document)).into_response();
        let headers = response.headers_mut();
        if let Some(position) = self.position {
            headers.insert(POSITION, position.into());
        }
        if let Some(tag) = self.tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}
