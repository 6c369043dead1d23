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
}

/// What was read of a stream.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The CloudEvents, in order. Anything else was passed over.
    pub messages: Vec<Received>,
    /// The sequence of the last message, also of one that was passed over; 0 when there was none.
    pub last: u64,
}

/// Every event of `stream` on subjects that match `filter`, from sequence `from`, in order.
pub(crate) async fn read_all(client: &Client, stream: &str, filter: &str, from: u64) -> Result<Read, Error> {
    let mut all = Read::default();
    for stored in read_stored(client, stream, filter, from).await? {
        all.last = stored.sequence;
        all.messages.extend(stored.event(stream));
    }
    Ok(all)
}

/// Every message of `stream` on subjects that match `filter`, from sequence `from`, in order.
pub(crate) async fn read_stored(client: &Client, stream: &str, filter: &str, from: u64) -> Result<Vec<Stored>, Error> {
    let mut all = Vec::new();
    let mut start = json!({ "seq": from });
    loop {
        let batch = read_batch(client, stream, filter, &start, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(all) };
        let (sequence, pending) = (last.sequence, last.pending);
        all.extend(batch);
        if pending == 0 {
            return Ok(all);
        }
        start = json!({ "seq": sequence + 1 });
    }
}

/// Up to `most` events of `stream` that match `filter` and were stored after sequence `after`, or since `since`.
pub(crate) async fn read_some(
    client: &Client,
    stream: &str,
    filter: &str,
    start: Start,
    most: usize,
) -> Result<Read, Error> {
    let start = match start {
        Start::After(sequence) => json!({ "seq": sequence + 1 }),
        Start::Since(time) => json!({ "start_time": time }),
    };
    let mut some = Read::default();
    for stored in read_batch(client, stream, filter, &start, most).await? {
        some.last = stored.sequence;
        some.messages.extend(stored.event(stream));
    }
    Ok(some)
}

/// A time from its beginning to its end, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its beginning.
    pub since: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// Everything that was stored within `period`.
pub(crate) async fn within(
    client: &Client,
    stream: &str,
    filter: &str,
    period: Period,
) -> Result<Vec<Received>, Error> {
    const BATCH: usize = 256;
    let mut found = Vec::new();
    let mut start = Start::Since(period.since);
    loop {
        let some = read_some(client, stream, filter, start, BATCH).await?;
        let count = some.messages.len();
        let is_over = some.messages.last().is_none_or(|last| last.published > period.until);
        found.extend(
            some.messages
                .into_iter()
                .filter(|received| received.published <= period.until),
        );
        if is_over || count < BATCH {
            return Ok(found);
        }
        start = Start::After(some.last);
    }
}

/// Where reading starts.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// After this sequence.
    After(u64),
    /// With what was stored at this time or later.
    Since(DateTime<Utc>),
}

pub(crate) async fn read_batch(
    client: &Client,
    stream: &str,
    filter: &str,
    start: &serde_json::Value,
    most: usize,
) -> Result<Vec<Stored>, Error> {
    let unavailable = |problem: String| Error::Unavailable {
        stream: stream.to_owned(),
        problem,
    };
    let inbox = client.new_inbox();
    let mut replies = client
        .subscribe(inbox.clone())
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let mut request = start.clone();
    request["batch"] = most.into();
    request["next_by_subj"] = filter.into();
    client
        .publish_with_reply(
            format!("$JS.API.DIRECT.GET.{stream}"),
            inbox,
            request.to_string().into(),
        )
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let mut batch = Vec::new();
    loop {
        let reply = tokio::time::timeout(publish::TIMEOUT, replies.next())
            .await
            .map_err(|_| unavailable("it did not answer in time".to_owned()))?
            .ok_or_else(|| unavailable("the connection closed".to_owned()))?;
        match reply.status.map(|status| status.as_u16()) {
            None => batch.push(Stored::read(stream, reply)?),
            // 204 ends a batch, 404 says that nothing matches.
            Some(204 | 404) => return Ok(batch),
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

/// A message that is no CloudEvent is passed over: whoever may publish anything can also make the server put an
/// acknowledgement on a subject of their choice, and that must not make an aggregate unreadable.
fn read_envelope(
    stream: &str,
    sequence: u64,
    (headers, own): (&HeaderMap, usize),
    payload: &Bytes,
) -> Option<(Envelope, Bytes)> {
    Envelope::read_stored(headers, own, payload)
        .inspect_err(|error| {
            tracing::error!(
                stream,
                sequence,
                error = error as &dyn std::error::Error,
                "Passed over message {sequence} of {stream}, which is no CloudEvent of ours"
            );
        })
        .ok()
}

/// The last message: its sequence, and the identifier of the event if it is one.
pub(crate) struct Last {
    pub sequence: u64,
    pub id: Option<String>,
}

/// The last message on subjects that match `filter`, read from the stream's leader.
pub(crate) async fn last(client: &Client, stream: &str, filter: &str) -> Result<Option<Last>, Error> {
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
    let read = read_envelope(stream, stored.seq, (&headers, 0), &payload);
    Ok(Some(Last {
        sequence: stored.seq,
        id: read.map(|(envelope, _)| envelope.id),
    }))
}

#[derive(Deserialize)]
struct MessageAnswer {
    message: StoredMessage,
}

#[derive(Deserialize)]
struct StoredMessage {
    seq: u64,
    #[serde(default)]
    hdrs: Option<String>,
    #[serde(default)]
    data: Option<String>,
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

/// A stored message, whatever it is.
#[derive(Debug)]
pub(crate) struct Stored {
    pub subject: String,
    pub sequence: u64,
    pub published: DateTime<Utc>,
    pub headers: HeaderMap,
    pub payload: Bytes,
    /// How many more match.
    pending: u64,
}

impl Stored {
    /// Reads the answer to a direct get.
    fn read(stream: &str, reply: Message) -> Result<Self, Error> {
        let headers = reply.headers.unwrap_or_default();
        // The server's own come last.
        let header = |name: &str| headers.get_all(name).last().map(async_nats::HeaderValue::as_str);
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
        Ok(Self {
            subject,
            sequence,
            published,
            headers,
            payload: reply.payload,
            pending,
        })
    }

    /// Whether JetStream's answer to somebody was stored here: they named this subject for the reply.
    pub fn is_copied(&self) -> bool {
        envelope::is_copied(&self.headers, 1)
    }

    /// The message as an event, if it is one.
    pub fn event(self, stream: &str) -> Option<Received> {
        let (envelope, payload) = read_envelope(stream, self.sequence, (&self.headers, 1), &self.payload)?;
        Some(Received {
            envelope,
            payload,
            stream: stream.to_owned(),
            subject: self.subject,
            sequence: self.sequence,
            published: self.published,
            delivered: 0,
        })
    }
}

/// The newest message of `stream` on subjects that match `filter`, whatever it is; one request and no subscription. The filter
/// must not be `>`: nats-server 2.15 finds nothing then where the stream's last message was deleted.
pub(crate) async fn newest(client: &Client, stream: &str, filter: &str) -> Result<Option<Stored>, Error> {
    let request = json!({ "last_by_subj": filter }).to_string();
    one(client, stream, format!("$JS.API.DIRECT.GET.{stream}"), request.into()).await
}

/// The last message on exactly `subject`, whatever it is; one request and no subscription.
///
/// The subject is part of the API's subject, so that a role's permissions can tell which it may read.
pub(crate) async fn last_value(client: &Client, stream: &str, subject: &str) -> Result<Option<Stored>, Error> {
    one(
        client,
        stream,
        format!("$JS.API.DIRECT.GET.{stream}.{subject}"),
        Bytes::new(),
    )
    .await
}

async fn one(client: &Client, stream: &str, api: String, request: Bytes) -> Result<Option<Stored>, Error> {
    let unavailable = |problem: String| Error::Unavailable {
        stream: stream.to_owned(),
        problem,
    };
    let request = async_nats::Request::new()
        .payload(request)
        .timeout(Some(publish::TIMEOUT));
    let reply = client
        .send_request(api, request)
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    match reply.status.map(|status| status.as_u16()) {
        None => Stored::read(stream, reply).map(Some),
        Some(404) => Ok(None),
        Some(status) => Err(unavailable(format!(
            "status {status} {}",
            reply.description.unwrap_or_default()
        ))),
    }
}
