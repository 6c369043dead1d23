//! An answer, read to its end or to the limit.

use bytes::{Bytes, BytesMut};
use reqwest::{Response, StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;

use super::Error;
use crate::text::json_problem;

/// More than any answer that is asked for here: a hundred repositories are below one MiB.
const MOST_BYTES: usize = 10 * 1024 * 1024;

/// What a provider answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status: never a redirect, a limit or the provider's own failure.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    pub(super) async fn read(mut response: Response) -> Result<Self, Error> {
        let too_large = || Error::Unclear(format!("the answer is larger than {MOST_BYTES} bytes"));
        let (status, headers) = (response.status(), response.headers().clone());
        if response
            .content_length()
            .is_some_and(|length| length > MOST_BYTES as u64)
        {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        // The headers have come, so the request has been worked on.
        while let Some(chunk) = response.chunk().await.map_err(unclear)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self {
            status,
            headers,
            body: body.freeze(),
        })
    }

    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`Error::Unclear`] when it is none, or none that fits: it was a page of a proxy, or it broke off.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::Unclear(format!("the answer isn't what is documented: {}", json_problem(&error))))
    }
}

fn unclear(error: reqwest::Error) -> Error {
    match Error::from(error) {
        Error::NotSent(text) => Error::Unclear(text),
        other => other,
    }
}
