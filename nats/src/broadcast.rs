//! Telling every copy of a role something that it can also do without hearing: at most once, and stored nowhere.

use bytes::Bytes;
use futures::StreamExt as _;

use crate::{Connection, request};

/// What is told on one subject.
#[derive(Debug)]
pub struct Broadcasts(async_nats::Subscriber);

impl Broadcasts {
    /// The next thing that is told; none when the connection is closed.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.0.next().await.map(|message| message.payload)
    }
}

impl Connection {
    /// Tells whoever listens to `subject` right now.
    ///
    /// # Errors
    /// [`request::Error::Unavailable`] when it can't be sent.
    pub async fn tell(&self, subject: &'static str, payload: Bytes) -> Result<(), request::Error> {
        self.client
            .publish(subject, payload)
            .await
            .map_err(|error| request::Error::Unavailable(error.to_string()))
    }

    /// Listens to `subject`.
    ///
    /// # Errors
    /// [`request::Error::Unavailable`] when it can't be subscribed to.
    pub async fn listen(&self, subject: &'static str) -> Result<Broadcasts, request::Error> {
        self.client
            .subscribe(subject)
            .await
            .map(Broadcasts)
            .map_err(|error| request::Error::Unavailable(error.to_string()))
    }
}
