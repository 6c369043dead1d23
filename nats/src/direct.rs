//! Reading a stream without a consumer, as far as one role's permissions go.
//!
//! Batched direct get: <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-31.md>

use async_nats::{Client, HeaderMap, Message};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::json;

use crate::{Envelope, Received, envelope, publish};

/// How many messages one request asks for.
const BATCH: usize = 512;

/// Why stored messages can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// JetStream did not answer, or broke off.
    #[error("stream {stream} can't be read: {problem}")]
    Unavailable {
        /// Which stream.
        stream: String,
        /// What went wrong.
        problem: String,
    },
    /// A message in it is no CloudEvent.
    #[error("message {sequence} of stream {stream} is no CloudEvent")]
    Envelope {
        /// Which stream.
        stream: String,
        /// Which message.
        sequence: u64,
        /// What is wrong with it.
        #[source]
        source: envelope::Error,
    },
}

/// Every message of `stream` on subjects that match `filter`, from sequence `from`, in order.
pub(crate) async fn read_all(client: &Client, stream: &str, filter: &str, from: u64) -> Result<Vec<Received>, Error> {
    let mut all = Vec::new();
    let mut next = from.max(1);
    loop {
        let (messages, pending) = read_batch(client, stream, filter, next).await?;
        let Some(last) = messages.last() else { return Ok(all) };
        next = last.sequence + 1;
        all.extend(messages);
        if pending == 0 {
            return Ok(all);
        }
    }
}

async fn read_batch(client: &Client, stream: &str, filter: &str, from: u64) -> Result<(Vec<Received>, u64), Error> {
    let unavailable = |problem: String| Error::Unavailable {
        stream: stream.to_owned(),
        problem,
    };
    let inbox = client.new_inbox();
    let mut replies = client
        .subscribe(inbox.clone())
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let request = json!({ "seq": from, "batch": BATCH, "next_by_subj": filter }).to_string();
    client
        .publish_with_reply(format!("$JS.API.DIRECT.GET.{stream}"), inbox, request.into())
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let mut messages = Vec::new();
    let mut pending = 0;
    loop {
        let reply = tokio::time::timeout(publish::TIMEOUT, replies.next())
            .await
            .map_err(|_| unavailable("it did not answer in time".to_owned()))?
            .ok_or_else(|| unavailable("the connection closed".to_owned()))?;
        match reply.status.map(|status| status.as_u16()) {
            None => {
                let (received, left) = read_direct(stream, &reply)?;
                messages.push(received);
                pending = left;
            }
            // 204 ends a batch, 404 says that nothing matches.
            Some(204 | 404) => return Ok((messages, pending)),
            Some(503) => return Err(unavailable("nobody answers".to_owned())),
            Some(status) => {
                return Err(unavailable(format!(
                    "status {status} {}",
                    reply.description.unwrap_or_default()
                )));
            }
        }
    }
}

fn read_direct(stream: &str, reply: &Message) -> Result<(Received, u64), Error> {
    let empty = HeaderMap::new();
    let headers = reply.headers.as_ref().unwrap_or(&empty);
    let header = |name: &str| headers.get(name).map(async_nats::HeaderValue::as_str);
    let unavailable = |what: &str| Error::Unavailable {
        stream: stream.to_owned(),
        problem: format!("no {what} in its answer"),
    };
    let sequence = header("Nats-Sequence")
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| unavailable("sequence"))?;
    let subject = header("Nats-Subject").ok_or_else(|| unavailable("subject"))?.to_owned();
    let published = header("Nats-Time-Stamp")
        .and_then(|value| DateTime::parse_from_rfc3339(value).ok())
        .ok_or_else(|| unavailable("time"))?
        .to_utc();
    let pending = header("Nats-Num-Pending")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    let (envelope, payload) = Envelope::read(headers, &reply.payload).map_err(|source| Error::Envelope {
        stream: stream.to_owned(),
        sequence,
        source,
    })?;
    let stream = stream.to_owned();
    Ok((
        Received {
            envelope,
            payload,
            stream,
            subject,
            sequence,
            published,
            delivered: 0,
        },
        pending,
    ))
}

/// The last message on subjects that match `filter`, read from the stream's leader.
pub(crate) async fn last(client: &Client, stream: &str, filter: &str) -> Result<Option<Received>, Error> {
    let unavailable = |problem: String| Error::Unavailable {
        stream: stream.to_owned(),
        problem,
    };
    let answer: Result<MessageAnswer, publish::Error> = publish::api(
        client,
        format!("$JS.API.STREAM.MSG.GET.{stream}"),
        &json!({ "last_by_subj": filter }),
    )
    .await;
    let stored = match answer {
        Ok(answer) => answer.message,
        // 10037: no message found.
        Err(publish::Error::Refused { code: 10_037, .. }) => return Ok(None),
        Err(error) => return Err(unavailable(error.to_string())),
    };
    let decode = |text: Option<String>| {
        STANDARD
            .decode(text.unwrap_or_default())
            .map_err(|error| unavailable(format!("its answer can't be read: {error}")))
    };
    let headers = parse_headers(&decode(stored.hdrs)?);
    let payload = Bytes::from(decode(stored.data)?);
    let (envelope, payload) = Envelope::read(&headers, &payload).map_err(|source| Error::Envelope {
        stream: stream.to_owned(),
        sequence: stored.seq,
        source,
    })?;
    Ok(Some(Received {
        envelope,
        payload,
        stream: stream.to_owned(),
        subject: stored.subject,
        sequence: stored.seq,
        published: stored.time,
        delivered: 0,
    }))
}

#[derive(Deserialize)]
struct MessageAnswer {
    message: StoredMessage,
}

#[derive(Deserialize)]
struct StoredMessage {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: Option<String>,
    #[serde(default)]
    data: Option<String>,
    time: DateTime<Utc>,
}

/// Reads the wire form of headers: a version line, then `name: value` lines.
fn parse_headers(wire: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(wire).split("\r\n").skip(1) {
        if let Some((name, value)) = line.split_once(':')
            && let (Ok(name), Ok(value)) = (
                name.trim().parse::<async_nats::HeaderName>(),
                value.trim().parse::<async_nats::HeaderValue>(),
            )
        {
            headers.append(name, value);
        }
    }
    headers
}

/// The last value on one subject.
pub(crate) struct LastValue {
    pub value: Bytes,
}

/// The last message on exactly `subject`, whatever it is; one request and no subscription.
///
/// The subject is part of the API's subject, so that a role's permissions can tell which it may read.
pub(crate) async fn last_value(client: &Client, stream: &str, subject: &str) -> Result<Option<LastValue>, Error> {
    let unavailable = |problem: String| Error::Unavailable {
        stream: stream.to_owned(),
        problem,
    };
    let request = async_nats::Request::new()
        .payload(Bytes::new())
        .timeout(Some(publish::TIMEOUT));
    let reply = client
        .send_request(format!("$JS.API.DIRECT.GET.{stream}.{subject}"), request)
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    match reply.status.map(|status| status.as_u16()) {
        None => Ok(Some(LastValue { value: reply.payload })),
        Some(404) => Ok(None),
        Some(status) => Err(unavailable(format!(
            "status {status} {}",
            reply.description.unwrap_or_default()
        ))),
    }
}
