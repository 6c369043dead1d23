//! What an inbound half hands to the log.

use std::time::Duration;

use bytes::Bytes;
use infragpt_nats::{Envelope, FactPublisher, Published, RawSubject, fact};

/// A verified fact, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Where it goes.
    pub subject: RawSubject,
    /// What is known about it without reading the payload.
    pub envelope: Envelope,
    /// The sender's bytes.
    pub payload: Bytes,
}

impl Fact {
    /// Stores it and returns once JetStream has acknowledged, within `limit`.
    ///
    /// # Errors
    /// [`Error`] when it isn't known to be stored: the sender must not be acknowledged.
    pub async fn store(self, publisher: &FactPublisher, limit: Duration) -> Result<Published, Error> {
        let publishing = publisher.publish(&self.subject, &self.envelope, self.payload);
        match tokio::time::timeout(limit, publishing).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(Error::TimedOut(limit)),
        }
    }
}

/// Why a fact isn't known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// JetStream refused it, or can't be reached.
    #[error(transparent)]
    Publish(#[from] fact::Error),
    /// No acknowledgement in time; it may be stored nevertheless, and a redelivery is recognized by its id.
    #[error("JetStream didn't acknowledge within {0:?}")]
    TimedOut(Duration),
}
