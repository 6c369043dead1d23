//! The bare operations of NATS that `infragpt bench` compares with: nothing of ours between the caller and the server.

use std::time::{Duration, Instant};

use async_nats::{
    HeaderMap,
    jetstream::{self, consumer::push},
};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::{Connection, Envelope, definition, publish};

/// Measured against: `RAW_GITHUB` under another name and without consumers.
const STREAM: &str = "BENCH";
const PUBLISH: &str = "tool.v1.bench.publish";
const ECHO: &str = "tool.v1.infragpt.bench";
/// The queue that the user's permission names.
const QUEUE: &str = "q";

/// How many messages an atomic batch may have:
/// <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-50.md>
const BATCH: usize = 1_000;

/// Why a bare operation failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed: {problem}")]
pub struct Error {
    operation: &'static str,
    problem: String,
}

impl Error {
    fn of(operation: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |problem| Self {
            operation,
            problem: problem.to_string(),
        }
    }
}

/// A stream with the settings of `RAW_GITHUB`, and somebody who echoes.
#[derive(Debug)]
pub struct Bare {
    admin: Connection,
    near: Connection,
    far: Connection,
    echo: JoinHandle<()>,
}

impl Bare {
    /// Makes the stream as `admin`. `near` publishes and asks, `far` echoes: connections of users `agent` and `queries`,
    /// because these may, on subjects that no other stream takes.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn start(admin: Connection, near: Connection, far: Connection) -> Result<Self, Error> {
        let failed = Error::of("making the stream");
        let definition = definition::STREAMS
            .iter()
            .find(|(path, _)| path.ends_with("/RAW_GITHUB.json"));
        let (_, text) = definition.ok_or_else(|| failed(&"RAW_GITHUB has no definition"))?;
        let mut configuration: Map<String, Value> = serde_json::from_str(text).map_err(|error| failed(&error))?;
        configuration.insert("name".to_owned(), json!(STREAM));
        configuration.insert("subjects".to_owned(), json!([PUBLISH]));
        let _: Value = publish::api(&admin.client, format!("$JS.API.STREAM.CREATE.{STREAM}"), &configuration)
            .await
            .map_err(|error| failed(&error))?;
        let failed = Error::of("subscribing the echo");
        let mut asked = far
            .client
            .queue_subscribe(ECHO, QUEUE.to_owned())
            .await
            .map_err(|error| failed(&error))?;
        far.client.flush().await.map_err(|error| failed(&error))?;
        let client = far.client.clone();
        let echo = tokio::spawn(async move {
            while let Some(message) = asked.next().await {
                if let Some(reply) = message.reply
                    && client.publish(reply, message.payload).await.is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { admin, near, far, echo })
    }

    /// Publishes `payload` `count` times with at most `in_flight` acknowledgements outstanding, and returns how long it
    /// took until the last was there.
    ///
    /// # Errors
    /// The first publish that was not acknowledged.
    pub async fn publish_pipelined(&self, payload: &Bytes, count: usize, in_flight: usize) -> Result<Duration, Error> {
        let context = jetstream::new(self.near.client.clone());
        let started = Instant::now();
        stream::iter(0..count)
            .map(|_| {
                let (context, payload) = (context.clone(), payload.clone());
                async move {
                    let failed = Error::of("the bare publish");
                    let acknowledged = context
                        .publish(PUBLISH, payload)
                        .await
                        .map_err(|error| failed(&error))?;
                    acknowledged.await.map(drop).map_err(|error| failed(&error))
                }
            })
            .buffer_unordered(in_flight)
            .try_collect::<()>()
            .await?;
        Ok(started.elapsed())
    }

    /// One durable publish, then one request and its reply: what no answer can do without.
    ///
    /// # Errors
    /// When one of the two is not answered.
    pub async fn publish_and_ask(&self, payload: &Bytes) -> Result<Duration, Error> {
        let client = &self.near.client;
        let started = Instant::now();
        publish::publish(client, PUBLISH.to_owned(), HeaderMap::new(), payload.clone())
            .await
            .map_err(|error| Error::of("the bare publish")(&error))?;
        client
            .request(ECHO, payload.clone())
            .await
            .map_err(|error| Error::of("the bare request")(&error))?;
        Ok(started.elapsed())
    }

    /// Fills a stream with `count` events as `writer`, in atomic batches: `make` says what stands where.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn fill(
        writer: &Connection,
        count: usize,
        make: impl Fn(usize) -> (String, Envelope, Bytes),
    ) -> Result<(), Error> {
        let failed = Error::of("filling a stream");
        for first in (0..count).step_by(BATCH) {
            let batch = format!("fill-{}", fastrand::u64(..));
            let last = (first + BATCH).min(count) - 1;
            for index in first..=last {
                let (subject, envelope, payload) = make(index);
                let mut headers = HeaderMap::new();
                for (name, values) in envelope.headers().iter() {
                    // Remembering a million identifiers would slow down what is measured.
                    if AsRef::<str>::as_ref(name) != "Nats-Msg-Id" {
                        headers.insert(name.clone(), values[0].clone());
                    }
                }
                headers.insert("Nats-Batch-Id", batch.as_str());
                headers.insert("Nats-Batch-Sequence", (index - first + 1).to_string());
                if index < last {
                    let sent = writer.client.publish_with_headers(subject, headers, payload).await;
                    sent.map_err(|error| failed(&error))?;
                } else {
                    headers.insert("Nats-Batch-Commit", "1");
                    let stored = publish::publish(&writer.client, subject, headers, payload).await;
                    stored.map_err(|error| failed(&error))?;
                }
            }
        }
        Ok(())
    }

    /// Reads all of `stream` with an ordered consumer as `reader`, looking at nothing, and returns how many messages there were
    /// and how long it took.
    ///
    /// # Errors
    /// When the server refuses, or the consumer breaks off.
    pub async fn read_ordered(reader: &Connection, stream: &str) -> Result<(u64, Duration), Error> {
        let failed = Error::of("the bare ordered consumer");
        let started = Instant::now();
        let stream: jetstream::stream::Stream<()> = jetstream::new(reader.client.clone())
            .get_stream_no_info(stream)
            .await
            .map_err(|error| failed(&error))?;
        let consumer = stream
            .create_consumer(push::OrderedConfig {
                deliver_subject: reader.client.new_inbox(),
                ..push::OrderedConfig::default()
            })
            .await
            .map_err(|error| failed(&error))?;
        let count = consumer.cached_info().num_pending;
        let mut messages = consumer.messages().await.map_err(|error| failed(&error))?;
        for _ in 0..count {
            let message = messages.next().await.ok_or_else(|| failed(&"it ended"))?;
            message.map_err(|error| failed(&error))?;
        }
        Ok((count, started.elapsed()))
    }

    /// Empties the stream, and `others`: what was measured need not stay on the disk.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn empty(&self, others: &[&str]) -> Result<(), Error> {
        for stream in others.iter().chain(&[STREAM]) {
            let _: Value = publish::api(&self.admin.client, format!("$JS.API.STREAM.PURGE.{stream}"), &json!({}))
                .await
                .map_err(|error| Error::of("emptying a stream")(&error))?;
        }
        Ok(())
    }

    /// Removes the stream and closes the connections.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn end(self) -> Result<(), Error> {
        let _: Value = publish::api(
            &self.admin.client,
            format!("$JS.API.STREAM.DELETE.{STREAM}"),
            &json!({}),
        )
        .await
        .map_err(|error| Error::of("removing the stream")(&error))?;
        self.echo.abort();
        for connection in [self.admin, self.near, self.far] {
            connection.drain().await;
        }
        Ok(())
    }
}
