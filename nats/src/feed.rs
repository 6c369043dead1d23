//! A stream in order, from where a checkpoint says, for the one active projector.

use std::time::Duration;

use async_nats::jetstream::{self, AckKind, consumer::pull, message::Acker};
use futures::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::json;

use crate::{
    Connection, Received, publish,
    received::{Delivery, ReadError},
};

/// Why a feed broke off: open it again at the checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// JetStream can't be asked, or ended the delivery.
    #[error("the feed of {stream} broke off: {problem}")]
    Unavailable {
        /// Which stream.
        stream: String,
        /// What went wrong.
        problem: String,
    },
    /// A message came again or one is missing, so the order is not that of the log.
    #[error("the feed of {stream} is out of order at sequence {sequence}")]
    OutOfOrder {
        /// Which stream.
        stream: String,
        /// Where.
        sequence: u64,
    },
}

/// A stream in order.
pub struct Feed {
    stream: String,
    messages: pull::Stream,
    last: u64,
    last_delivery: Option<u64>,
    unconfirmed: Option<(u64, Acker)>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Feed")
            .field("stream", &self.stream)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// Sets the durable `consumer` to the message after sequence `after`, and reads on from there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn open(connection: &Connection, stream: &str, consumer: &str, after: u64) -> Result<Self, Error> {
        let unavailable = |problem: String| Error::Unavailable {
            stream: stream.to_owned(),
            problem,
        };
        let subject = format!("$JS.API.CONSUMER.RESET.{stream}.{consumer}");
        let _: serde_json::Value = publish::api(&connection.client, subject, &json!({ "seq": after + 1 }))
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let bound: jetstream::consumer::PullConsumer = jetstream::new(connection.client.clone())
            .get_consumer_from_stream(consumer, stream)
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let messages = bound
            .stream()
            .max_messages_per_batch(2_000)
            .expires(Duration::from_secs(30))
            .heartbeat(Duration::from_secs(3))
            .messages()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        Ok(Self {
            stream: stream.to_owned(),
            messages,
            last: after,
            last_delivery: None,
            unconfirmed: None,
        })
    }

    /// Waits for the next message, then takes what else arrives within `linger`, up to `most` in all. A message that
    /// is no CloudEvent is logged and passed over.
    ///
    /// # Errors
    /// [`Error`]: what was not confirmed comes again from a new feed.
    pub async fn next_batch(&mut self, most: usize, linger: Duration) -> Result<Vec<Received>, Error> {
        let mut batch = Vec::new();
        let mut deadline = None;
        while batch.len() < most {
            let message = match deadline {
                None => self.messages.next().await,
                Some(deadline) => match tokio::time::timeout_at(deadline, self.messages.next()).now_or_never() {
                    Some(Ok(message)) => message,
                    Some(Err(_)) => break,
                    None if linger.is_zero() => break,
                    None => match tokio::time::timeout_at(deadline, self.messages.next()).await {
                        Ok(message) => message,
                        Err(_) => break,
                    },
                },
            };
            let message = match message {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Err(self.unavailable(error.to_string())),
                None => return Err(self.unavailable("the server ended it".to_owned())),
            };
            let read = Received::from_message(&message);
            match read {
                Ok((received, delivery)) => {
                    self.check(&delivery)?;
                    self.unconfirmed = Some((delivery.sequence, message.split().1));
                    batch.push(received);
                    deadline.get_or_insert_with(|| tokio::time::Instant::now() + linger);
                }
                Err(ReadError::Envelope { delivery, source }) => {
                    self.check(&delivery)?;
                    tracing::warn!(stream = self.stream, sequence = delivery.sequence, error = %source, "Passed over a message that is no CloudEvent");
                }
                Err(error @ ReadError::Metadata(_)) => return Err(self.unavailable(error.to_string())),
            }
        }
        Ok(batch)
    }

    /// Confirms everything that was taken. Call it after the commit.
    pub async fn confirm(&mut self) {
        if let Some((sequence, acker)) = self.unconfirmed.take()
            && let Err(error) = acker.ack_with(AckKind::Ack).await
        {
            tracing::debug!(sequence, %error, "A confirmation could not be sent; the checkpoint is what counts");
        }
    }

    fn check(&mut self, delivery: &Delivery) -> Result<(), Error> {
        let in_order = delivery.sequence > self.last
            && delivery.delivered == 1
            && self
                .last_delivery
                .is_none_or(|last| delivery.consumer_sequence == last + 1);
        if !in_order {
            return Err(Error::OutOfOrder {
                stream: self.stream.clone(),
                sequence: delivery.sequence,
            });
        }
        self.last = delivery.sequence;
        self.last_delivery = Some(delivery.consumer_sequence);
        Ok(())
    }

    fn unavailable(&self, problem: String) -> Error {
        Error::Unavailable {
            stream: self.stream.clone(),
            problem,
        }
    }
}

#[derive(Deserialize)]
struct StreamInfo {
    state: StreamState,
}

#[derive(Deserialize)]
struct StreamState {
    messages: u64,
    last_seq: u64,
}

/// The sequence of `stream`'s last message; 0 when it has none, or none any more.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn last_sequence(connection: &Connection, stream: &str) -> Result<u64, Error> {
    let info: StreamInfo = publish::api(&connection.client, format!("$JS.API.STREAM.INFO.{stream}"), &json!({}))
        .await
        .map_err(|error| Error::Unavailable {
            stream: stream.to_owned(),
            problem: error.to_string(),
        })?;
    Ok(if info.state.messages == 0 {
        0
    } else {
        info.state.last_seq
    })
}
