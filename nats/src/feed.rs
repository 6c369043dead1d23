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
    /// is no CloudEvent is logged and passed over, so that there may be nothing but its [`place`](Self::last).
    ///
    /// # Errors
    /// [`Error`]: what was not confirmed comes again from a new feed.
    pub async fn next_batch(&mut self, most: usize, linger: Duration) -> Result<Vec<Received>, Error> {
        let mut batch = Vec::new();
        let (mut taken, mut deadline) = (0, None);
        while taken < most {
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
            let sequence = match Received::from_message(&message) {
                Ok((received, delivery)) => {
                    self.check(&delivery)?;
                    batch.push(received);
                    delivery.sequence
                }
                Err(ReadError::Envelope { delivery, source }) => {
                    self.check(&delivery)?;
                    tracing::warn!(stream = self.stream, sequence = delivery.sequence, error = %source, "Passed over a message that is no CloudEvent");
                    delivery.sequence
                }
                Err(error @ ReadError::Metadata(_)) => return Err(self.unavailable(error.to_string())),
            };
            self.unconfirmed = Some((sequence, message.split().1));
            taken += 1;
            deadline.get_or_insert_with(|| tokio::time::Instant::now() + linger);
        }
        Ok(batch)
    }

    /// The sequence of the last message that was taken or passed over.
    pub fn last(&self) -> u64 {
        self.last
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

/// How far a stream goes, and how far its consumer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The sequence of the last message that the stream was given, which it may no longer have.
    pub last_sequence: u64,
    /// The sequence of the last message that the consumer was given.
    delivered: u64,
    /// How many messages the consumer has not been given yet.
    pending: u64,
}

impl End {
    /// Whether nothing of the stream is left for somebody who took everything up to `position`. The last messages may be
    /// gone, so that this is before the last sequence.
    pub fn is_reached(&self, position: u64) -> bool {
        position >= self.last_sequence || (self.pending == 0 && position >= self.delivered)
    }
}

#[derive(Deserialize)]
struct StreamInfo {
    state: StreamState,
}

#[derive(Deserialize)]
struct StreamState {
    last_seq: u64,
}

#[derive(Deserialize)]
struct ConsumerInfo {
    delivered: Delivered,
    num_pending: u64,
}

#[derive(Deserialize)]
struct Delivered {
    stream_seq: u64,
}

/// How far `stream` goes for its durable `consumer` that [`Feed::open`] sets. Look afterwards at how far you are.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn end(connection: &Connection, stream: &str, consumer: &str) -> Result<End, Error> {
    // In this order: what the consumer does not know of yet must not count.
    let last_sequence = last_sequence(connection, stream).await?;
    let info: ConsumerInfo = ask(connection, stream, &format!("CONSUMER.INFO.{stream}.{consumer}")).await?;
    Ok(End {
        last_sequence,
        delivered: info.delivered.stream_seq,
        pending: info.num_pending,
    })
}

/// The sequence of the last message that `stream` was given, which it may no longer have; 0 before the first.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn last_sequence(connection: &Connection, stream: &str) -> Result<u64, Error> {
    let info: StreamInfo = ask(connection, stream, &format!("STREAM.INFO.{stream}")).await?;
    Ok(info.state.last_seq)
}

async fn ask<T: for<'de> Deserialize<'de>>(connection: &Connection, stream: &str, what: &str) -> Result<T, Error> {
    publish::api(&connection.client, format!("$JS.API.{what}"), &json!({}))
        .await
        .map_err(|error| Error::Unavailable {
            stream: stream.to_owned(),
            problem: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_ends_where_nothing_is_left_of_it() {
        let end = End {
            last_sequence: 9,
            delivered: 7,
            pending: 0,
        };
        assert!(end.is_reached(9), "up to the last sequence");
        assert!(end.is_reached(7), "the last two are gone");
        assert!(!end.is_reached(6), "something is on its way");
        let more = End { pending: 1, ..end };
        assert!(!more.is_reached(7));
        assert!(more.is_reached(9));
        let begun_again = End {
            delivered: 0,
            pending: 4,
            ..end
        };
        assert!(!begun_again.is_reached(0));
        let empty = End { delivered: 0, ..end };
        assert!(empty.is_reached(0), "all of them are gone");
    }
}
