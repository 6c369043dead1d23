//! A stream from one place to another, or on and on, through an ordered consumer that leaves nothing behind.

use std::time::Duration;

use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, push},
};
use chrono::{DateTime, Utc};
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::error::Elapsed;

use crate::{Connection, Log, Received, direct, log, received::ReadError};

/// How long nothing may come before it is looked whether anything is left: a message that was deleted while it was on its way
/// is waited for in vain.
const SILENCE: Duration = Duration::from_secs(1);

/// Where a scan begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the first message that the stream still has.
    First,
    /// With this sequence.
    At(u64),
    /// With what was stored at this time or later.
    Since(DateTime<Utc>),
}

/// Where a scan ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// After the message that is the stream's last when the scan is opened.
    Last,
    /// After this sequence, or the stream's last.
    At(u64),
    /// Before what was stored at this time or later.
    Before(DateTime<Utc>),
    /// Never: it waits for what comes.
    Never,
}

/// What is read of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Which stream.
    pub stream: String,
    /// Only subjects that match one of these; all of them where there is none.
    pub subjects: Vec<String>,
    /// From where.
    pub begin: Begin,
    /// Up to where.
    pub end: End,
    /// Leave the payloads out, which is faster where they are large.
    pub headers_only: bool,
}

/// Why a scan can't go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream is not there, or can't be asked about.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The ordered consumer can't be made, or broke off for good.
    #[error("stream {stream} can't be followed: {problem}")]
    Unavailable {
        /// Which stream.
        stream: String,
        /// What went wrong.
        problem: String,
    },
    /// What is left can't be asked for.
    #[error(transparent)]
    Read(#[from] direct::Error),
}

/// A stream being read in order.
pub struct Scan {
    connection: Connection,
    extent: Extent,
    /// `None` where nothing matches.
    messages: Option<push::Ordered>,
    /// The last sequence of interest.
    limit: Option<u64>,
    matching: u64,
    last: u64,
    passed_over: u64,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Scan")
            .field("extent", &self.extent)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl Scan {
    /// Opens it, with the permissions of `connection`'s user.
    ///
    /// # Errors
    /// [`Error::Log`] when there is no such stream, [`Error::Unavailable`] when the user may not read it.
    pub async fn open(connection: &Connection, extent: Extent) -> Result<Self, Error> {
        let bounds = Log::new(connection).bounds(&extent.stream).await?;
        let limit = match extent.end {
            End::Last | End::Before(_) => Some(bounds.last_sequence),
            End::At(sequence) => Some(sequence.min(bounds.last_sequence)),
            End::Never => None,
        };
        let mut scan = Self {
            connection: connection.clone(),
            messages: None,
            limit,
            matching: 0,
            last: 0,
            passed_over: 0,
            extent,
        };
        let begins_after = |limit| matches!(scan.extent.begin, Begin::At(sequence) if sequence > limit);
        if !limit.is_some_and(begins_after) {
            scan.follow().await?;
        }
        Ok(scan)
    }

    async fn follow(&mut self) -> Result<(), Error> {
        let unavailable = |problem: String| Error::Unavailable {
            stream: self.extent.stream.clone(),
            problem,
        };
        let client = &self.connection.client;
        let deliver_policy = match self.extent.begin {
            Begin::First => DeliverPolicy::All,
            Begin::At(start_sequence) => DeliverPolicy::ByStartSequence {
                start_sequence: start_sequence.max(1),
            },
            Begin::Since(time) => DeliverPolicy::ByStartTime { start_time: time },
        };
        let stream: jetstream::stream::Stream<()> = jetstream::new(client.clone())
            .get_stream_no_info(&self.extent.stream)
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let consumer = stream
            .create_consumer(push::OrderedConfig {
                deliver_subject: client.new_inbox(),
                filter_subjects: self.extent.subjects.clone(),
                headers_only: self.extent.headers_only,
                deliver_policy,
                ..push::OrderedConfig::default()
            })
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        self.matching = consumer.cached_info().num_pending;
        if self.matching > 0 || self.limit.is_none() {
            let messages = consumer.messages().await;
            self.messages = Some(messages.map_err(|error| unavailable(error.to_string()))?);
        }
        Ok(())
    }

    /// How many messages matched when it was opened, those past its end included.
    pub fn matching(&self) -> u64 {
        self.matching
    }

    /// How many messages were passed over because they are no CloudEvents.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Whether it has an end.
    pub fn is_ending(&self) -> bool {
        self.limit.is_some()
    }

    /// The next message, or nothing at the end. Dropping the wait for it loses nothing.
    ///
    /// # Errors
    /// [`Error`] when the stream can't be read any more. A lost connection is waited for.
    pub async fn next(&mut self) -> Result<Option<Received>, Error> {
        loop {
            let Some(messages) = &mut self.messages else {
                return Ok(None);
            };
            let message = match self.limit {
                None => messages.next().await,
                // What is there already needs no timer.
                Some(limit) => match take(messages).await {
                    Ok(message) => message,
                    Err(_) if is_over(&self.connection, &self.extent, self.last, limit).await? => {
                        self.messages = None;
                        return Ok(None);
                    }
                    Err(_) => continue,
                },
            };
            let unavailable = |problem: String| Error::Unavailable {
                stream: self.extent.stream.clone(),
                problem,
            };
            let message = match message {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Err(unavailable(error.to_string())),
                None => return Err(unavailable("the connection closed".to_owned())),
            };
            let pending = message.info().map_or(1, |info| info.pending);
            let (sequence, published, received) = match Received::from_message(&message) {
                Ok((received, delivery)) => (delivery.sequence, delivery.published, Some(received)),
                Err(ReadError::Envelope { delivery, .. }) => (delivery.sequence, delivery.published, None),
                Err(error @ ReadError::Metadata(_)) => return Err(unavailable(error.to_string())),
            };
            let is_past = self.limit.is_some_and(|limit| sequence > limit)
                || matches!(self.extent.end, End::Before(time) if published >= time);
            self.last = sequence;
            if is_past || (pending == 0 && self.limit.is_some()) {
                self.messages = None;
            }
            match received {
                _ if is_past => return Ok(None),
                Some(received) => return Ok(Some(received)),
                None => self.passed_over += 1,
            }
        }
    }
}

/// The next message, if it comes before the silence is too long.
async fn take(messages: &mut push::Ordered) -> Result<Option<Result<jetstream::Message, push::OrderedError>>, Elapsed> {
    match messages.next().now_or_never() {
        Some(message) => Ok(message),
        None => tokio::time::timeout(SILENCE, messages.next()).await,
    }
}

/// Whether the stream has nothing more after `last` up to `limit`. It takes what it needs of a scan, which can't be shared
/// between threads, so that waiting for the next message can move from one to another.
async fn is_over(connection: &Connection, extent: &Extent, last: u64, limit: u64) -> Result<bool, Error> {
    let from = match extent.begin {
        Begin::At(sequence) => sequence.max(last + 1),
        Begin::First | Begin::Since(_) => last + 1,
    };
    let everything = [">".to_owned()];
    let subjects = if extent.subjects.is_empty() {
        &everything
    } else {
        &extent.subjects[..]
    };
    for subject in subjects {
        let start = serde_json::json!({ "seq": from });
        let next = direct::read_batch(&connection.client, &extent.stream, subject, &start, 1).await?;
        if next.first().is_some_and(|next| next.sequence <= limit) {
            return Ok(false);
        }
    }
    Ok(true)
}
