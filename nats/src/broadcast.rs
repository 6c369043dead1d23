//! Telling every copy of a role something that it can also do without hearing: at most once, and stored nowhere.

use bytes::Bytes;
use futures::{StreamExt as _, stream::SelectAll};

use crate::{Connection, Received, request};

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

    /// Listens to events on their way to their stream: sooner than any consumer, and only while this runs.
    ///
    /// # Errors
    /// [`request::Error::Unavailable`] when they can't be subscribed to.
    pub async fn overhear(&self, subjects: &[&'static str]) -> Result<Overheard, request::Error> {
        let subscriptions = subjects.iter().map(|subject| self.client.subscribe(*subject));
        let subscriptions = futures::future::try_join_all(subscriptions).await;
        subscriptions
            .map(|subscriptions| Overheard(subscriptions.into_iter().collect()))
            .map_err(|error| request::Error::Unavailable(error.to_string()))
    }

    /// Listens to `subject` together with the other copies of this role: each thing is told to one of them.
    ///
    /// # Errors
    /// [`request::Error::Unavailable`] when it can't be subscribed to.
    pub async fn share(&self, subject: &'static str) -> Result<Broadcasts, request::Error> {
        self.client
            .queue_subscribe(subject, "q".to_owned())
            .await
            .map(Broadcasts)
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

/// What is published on the subjects of a stream while somebody listens.
#[derive(Debug)]
pub struct Overheard(SelectAll<async_nats::Subscriber>);

impl Overheard {
    /// The next event, as its publisher sent it: it has no sequence yet, and the stream may still refuse it. None when the
    /// connection is closed.
    pub async fn next(&mut self) -> Option<Received> {
        loop {
            let message = self.0.next().await?;
            // A batch's first message, a refused one and whoever plays with the subject are heard, too.
            if let Some(received) = Received::overheard(message) {
                return Some(received);
            }
        }
    }
}
