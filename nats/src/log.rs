//! Reading the log without a consumer, and without changing anything but a consumer's pause.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Connection, Received, Start, direct, publish};

/// Why the log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Messages can't be read.
    #[error(transparent)]
    Read(#[from] direct::Error),
    /// The JetStream API refused or did not answer.
    #[error("{subject} failed: {problem}")]
    Api {
        /// What was asked.
        subject: String,
        /// What came back.
        problem: String,
    },
}

/// A stream, as `nats stream ls` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamSummary {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many messages it holds.
    pub messages: u64,
    /// The sequence of its last message; 0 when it never had one.
    pub last_sequence: u64,
    /// How many messages are on each subject.
    pub subjects: BTreeMap<String, u64>,
}

/// What a stream still has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// The sequence of its first message; one more than the last when it has none.
    pub first_sequence: u64,
    /// When that was stored, where there is one.
    pub first_time: Option<DateTime<Utc>>,
    /// The sequence of its last message, which it may no longer have; 0 when it never had one.
    pub last_sequence: u64,
    /// When that was stored, where there was one.
    pub last_time: Option<DateTime<Utc>>,
    /// How many messages it holds.
    pub messages: u64,
    /// When it was made.
    pub created: DateTime<Utc>,
}

/// How far a consumer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsumerSummary {
    /// Its stream.
    pub stream: String,
    /// Its name.
    pub name: String,
    /// Messages that it has not been given yet.
    pub pending: u64,
    /// Messages that were given and have no outcome yet.
    pub unacknowledged: u64,
    /// Until when it is held back, where it is.
    pub paused_until: Option<DateTime<Utc>>,
}

/// Reads the log.
#[derive(Debug, Clone)]
pub struct Log {
    pub(crate) connection: Connection,
}

impl Log {
    /// The log with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
        }
    }

    /// Every message of `stream` on subjects that match `filter`, after sequence `after`, in order.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn read(&self, stream: &str, filter: &str, after: u64) -> Result<Vec<Received>, Error> {
        Ok(direct::read_all(&self.connection.client, stream, filter, after + 1)
            .await?
            .messages)
    }

    /// Up to `most` messages of `stream` on subjects that match `filter`, in order, and the sequence to go on after; none
    /// when there are no more.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn read_some(
        &self,
        stream: &str,
        filter: &str,
        start: Start,
        most: usize,
    ) -> Result<Option<(Vec<Received>, u64)>, Error> {
        let some = direct::read_some(&self.connection.client, stream, filter, start, most).await?;
        Ok((some.last > 0).then_some((some.messages, some.last)))
    }

    /// The message of `stream` at `sequence`, if that is there and a CloudEvent.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn at(&self, stream: &str, sequence: u64) -> Result<Option<Received>, Error> {
        let start = Start::After(sequence.saturating_sub(1));
        let found = direct::read_some(&self.connection.client, stream, ">", start, 1).await?;
        Ok(found.messages.into_iter().find(|found| found.sequence == sequence))
    }

    /// What `stream` still has.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn bounds(&self, stream: &str) -> Result<Bounds, Error> {
        let info: StreamInfo = self.api(format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await?;
        let StreamState {
            messages,
            first_seq,
            first_ts,
            last_seq,
            last_ts,
            ..
        } = info.state;
        Ok(Bounds {
            first_sequence: first_seq,
            first_time: first_ts.filter(|_| messages > 0),
            last_sequence: last_seq,
            last_time: last_ts.filter(|_| last_seq > 0),
            messages,
            created: info.created,
        })
    }

    /// What `stream` holds.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn stream(&self, stream: &str) -> Result<StreamSummary, Error> {
        let info: StreamInfo = self
            .api(
                format!("$JS.API.STREAM.INFO.{stream}"),
                &json!({ "subjects_filter": ">" }),
            )
            .await?;
        Ok(StreamSummary {
            name: info.config.name,
            description: info.config.description,
            messages: info.state.messages,
            last_sequence: info.state.last_seq,
            subjects: info.state.subjects.unwrap_or_default(),
        })
    }

    /// How far `consumer` of `stream` is.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn consumer(&self, stream: &str, consumer: &str) -> Result<ConsumerSummary, Error> {
        let info: ConsumerInfo = self
            .api(format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"), &json!({}))
            .await?;
        Ok(ConsumerSummary {
            stream: stream.to_owned(),
            name: consumer.to_owned(),
            pending: info.num_pending,
            unacknowledged: info.num_ack_pending,
            paused_until: info.config.pause_until.filter(|_| info.paused),
        })
    }

    /// Holds `consumer` back until `until`; a time in the past lets it go on.
    ///
    /// # Errors
    /// [`Error::Api`].
    pub async fn pause(&self, stream: &str, consumer: &str, until: DateTime<Utc>) -> Result<(), Error> {
        let request = json!({ "pause_until": until.to_rfc3339() });
        let _: serde_json::Value = self
            .api(format!("$JS.API.CONSUMER.PAUSE.{stream}.{consumer}"), &request)
            .await?;
        Ok(())
    }

    async fn api<T: for<'de> Deserialize<'de>>(&self, subject: String, request: &impl Serialize) -> Result<T, Error> {
        publish::api(&self.connection.client, subject.clone(), request)
            .await
            .map_err(|error| Error::Api {
                subject,
                problem: error.to_string(),
            })
    }
}

#[derive(Deserialize)]
struct StreamInfo {
    config: StreamConfiguration,
    created: DateTime<Utc>,
    state: StreamState,
}

#[derive(Deserialize)]
struct StreamConfiguration {
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct StreamState {
    messages: u64,
    first_seq: u64,
    #[serde(default)]
    first_ts: Option<DateTime<Utc>>,
    last_seq: u64,
    #[serde(default)]
    last_ts: Option<DateTime<Utc>>,
    #[serde(default)]
    subjects: Option<BTreeMap<String, u64>>,
}

#[derive(Deserialize)]
struct ConsumerInfo {
    config: ConsumerConfiguration,
    num_pending: u64,
    num_ack_pending: u64,
    #[serde(default)]
    paused: bool,
}

#[derive(Deserialize)]
struct ConsumerConfiguration {
    #[serde(default)]
    pause_until: Option<DateTime<Utc>>,
}
