//! Storing what the world said, before anything else happens.

mod committer;
mod queue;

use std::sync::Arc;

use bytes::Bytes;

use self::committer::{Committer, Message};
use crate::{Connection, Envelope, RawSubject, publish};

/// Stores raw facts; returns only once the stream has them. Clones share what waits.
#[derive(Debug, Clone)]
pub struct FactPublisher {
    connection: Connection,
    committer: Arc<Committer>,
}

/// Where a fact is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The stream.
    pub stream: String,
    /// Its sequence there.
    pub sequence: u64,
    /// Whether an earlier publish with the same identifier had stored it already.
    pub duplicate: bool,
}

/// Why a fact is not known to be stored: do not acknowledge it, so that its sender tries again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server takes no message of this size.
    #[error("the payload is larger than NATS takes")]
    TooLarge,
    /// JetStream did not answer in time, or refused.
    #[error("the fact could not be stored: {0}")]
    Unavailable(String),
}

impl FactPublisher {
    /// A publisher with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            committer: Arc::new(Committer::new(connection.client.clone())),
        }
    }

    /// Stores `payload` as it is. The same `envelope.id` within the stream's duplicate window is stored once.
    ///
    /// Alone where few facts come at the same time, else together with others: each of them is stored or known not to be.
    /// A caller that stops waiting does not stop the publish.
    ///
    /// # Errors
    /// [`Error`] when it is not known to be stored. Fails at once while there is no connection.
    pub async fn publish(&self, subject: &RawSubject, envelope: &Envelope, payload: Bytes) -> Result<Published, Error> {
        if !self.connection.is_connected() {
            return Err(Error::Unavailable("there is no connection to NATS".to_owned()));
        }
        let mut headers = envelope.headers();
        headers.insert("Nats-Expected-Stream", subject.stream());
        let message = Message {
            stream: subject.stream(),
            subject: subject.to_string(),
            headers,
            payload,
        };
        match self.committer.publish(message).await {
            Ok(acknowledged) => Ok(Published {
                stream: acknowledged.stream,
                sequence: acknowledged.sequence,
                duplicate: acknowledged.duplicate,
            }),
            Err(publish::Error::TooLarge) => Err(Error::TooLarge),
            Err(error) => Err(Error::Unavailable(error.to_string())),
        }
    }
}
