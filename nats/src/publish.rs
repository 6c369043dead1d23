//! Publishing into a stream, with the server's own answer read in full.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use bytes::Bytes;
use serde::Deserialize;

/// How long a publish waits for its acknowledgement: below the three seconds that Slack waits for ours.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(2_500);

/// The codes of a lost race: on one server, on a cluster, in process, and for a duplicate inside of a batch.
///
/// <https://github.com/nats-io/nats-server/blob/main/server/errors.json>
const CONFLICTS: [u64; 4] = [10_071, 10_164, 10_158, 10_201];

#[derive(Debug, Deserialize)]
pub(crate) struct Acknowledged {
    pub stream: String,
    #[serde(rename = "seq")]
    pub sequence: u64,
    #[serde(default)]
    pub duplicate: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Somebody else wrote first, or an earlier try of ours did.
    #[error("another writer was first")]
    Conflict,
    /// JetStream refused.
    #[error("JetStream refused: {description} ({code})")]
    Refused { code: u64, description: String },
    /// Nobody answered, so it may or may not be stored.
    #[error("JetStream did not answer: {0}")]
    Unavailable(String),
    /// Larger than the server takes.
    #[error("the message is larger than the server takes")]
    TooLarge,
}

#[derive(Deserialize)]
struct Answer<T> {
    error: Option<ApiError>,
    #[serde(flatten)]
    value: Option<T>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ApiError {
    #[serde(default)]
    pub err_code: u64,
    #[serde(default)]
    pub description: String,
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        if CONFLICTS.contains(&error.err_code) {
            Self::Conflict
        } else {
            Self::Refused {
                code: error.err_code,
                description: error.description,
            }
        }
    }
}

impl From<async_nats::RequestError> for Error {
    fn from(error: async_nats::RequestError) -> Self {
        match error.kind() {
            RequestErrorKind::MaxPayloadExceeded => Self::TooLarge,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// Publishes and waits until the stream has stored it.
pub(crate) async fn publish(
    client: &Client,
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<Acknowledged, Error> {
    let request = Request::new().headers(headers).payload(payload).timeout(Some(TIMEOUT));
    let answer = client.send_request(subject, request).await?;
    parse(&answer.payload)
}

/// Asks the JetStream API.
pub(crate) async fn api<T: for<'de> Deserialize<'de>>(
    client: &Client,
    subject: String,
    request: &impl serde::Serialize,
) -> Result<T, Error> {
    let payload = serde_json::to_vec(request).map_err(|error| Error::Unavailable(error.to_string()))?;
    let request = Request::new().payload(payload.into()).timeout(Some(TIMEOUT));
    let answer = client.send_request(subject, request).await?;
    parse(&answer.payload)
}

pub(crate) fn parse<T: for<'de> Deserialize<'de>>(payload: &[u8]) -> Result<T, Error> {
    let answer: Answer<T> = serde_json::from_slice(payload)
        .map_err(|error| Error::Unavailable(format!("its answer can't be read: {error}")))?;
    match (answer.error, answer.value) {
        (Some(error), _) => Err(error.into()),
        (None, Some(value)) => Ok(value),
        (None, None) => Err(Error::Unavailable("its answer is empty".to_owned())),
    }
}
