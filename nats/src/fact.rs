//! Storing what the world said, before anything else happens.

use bytes::Bytes;

use crate::{Connection, Envelope, RawSubject, publish};

/// Stores raw facts; returns only once the stream has them.
#[derive(Debug, Clone)]
pub struct FactPublisher {
    connection: Connection,
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
        }
    }

    /// Stores `payload` as it is. The same `envelope.id` within the stream's duplicate window is stored once.
    ///
    /// # Errors
    /// [`Error`] when it is not known to be stored. Fails at once while there is no connection.
    pub async fn publish(&self, subject: &RawSubject, envelope: &Envelope, payload: Bytes) -> Result<Published, Error> {
        if !self.connection.is_connected() {
            return Err(Error::Unavailable("there is no connection to NATS".to_owned()));
        }
        let mut headers = envelope.headers();
        headers.insert("Nats-Expected-Stream", subject.stream());
        match publish::publish(&self.connection.client, subject.to_string(), headers, payload).await {
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
