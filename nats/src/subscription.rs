//! The one runtime that every handler runs in.
//!
//! A message is acknowledged only after its handler said `Ok`. A retry waits in this process, with progress
//! acknowledgements, so that the messages behind it of the same key keep their order. What can't be handled, or
//! could not be for too long, goes to DEAD_LETTERS with the reason. What an operator wants handled again takes its turn
//! among the others.

mod again;
mod attempt;
mod run;
mod worker;

use std::{error::Error as StdError, fmt, future::Future, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{Connection, Received};

/// Handles the messages of one durable consumer.
pub trait Handler: Send + Sync + 'static {
    /// Messages with the same key are handled one after the other; tenants share the capacity fairly.
    fn route(&self, received: &Received) -> Route;

    /// Handles one message. It may be called again for the same one, so its effects have to be idempotent.
    fn handle(&self, received: Received) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

/// Where a message belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What keeps its order: a conversation, an aggregate.
    pub key: String,
    /// Who shares the capacity: an organization, or an account of which nobody knows yet whose it is.
    pub tenant: String,
}

/// A failed try, with what happens next.
#[derive(Debug)]
pub struct HandlerError {
    pub(crate) decision: Decision,
    source: Box<dyn StdError + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Retry { after: Option<Duration> },
    Wait { delay: Duration },
    Discard,
}

impl HandlerError {
    /// It may work later: try again with growing delays.
    pub fn retry(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            decision: Decision::Retry { after: None },
            source: source.into(),
        }
    }

    /// Nothing is wrong, its time has not come: try again in `delay`. Nobody loses patience meanwhile.
    pub fn wait(delay: Duration, reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            decision: Decision::Wait { delay },
            source: reason.into(),
        }
    }

    /// It will never work: move the message to DEAD_LETTERS.
    pub fn discard(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            decision: Decision::Discard,
            source: source.into(),
        }
    }

    /// Try again no sooner than in `delay`.
    pub fn after(mut self, delay: Duration) -> Self {
        self.decision = Decision::Retry { after: Some(delay) };
        self
    }

    /// Whether the message is to be tried again.
    pub fn is_retry(&self) -> bool {
        matches!(self.decision, Decision::Retry { .. } | Decision::Wait { .. })
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.source)?;
        let mut source = self.source.source();
        while let Some(cause) = source {
            write!(formatter, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for HandlerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// Why a subscription ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The consumer isn't there: it is made by an administrator, never by a role.
    #[error("stream {stream} has no consumer `{consumer}`: run `infragpt nats apply`")]
    NoConsumer {
        /// The stream.
        stream: String,
        /// The consumer.
        consumer: String,
    },
    /// JetStream can't be asked.
    #[error("consumer `{consumer}` of stream {stream} can't be read: {problem}")]
    Unavailable {
        /// The stream.
        stream: String,
        /// The consumer.
        consumer: String,
        /// What went wrong.
        problem: String,
    },
}

/// A durable consumer, bound by name.
#[derive(Debug, Clone)]
pub struct Subscription {
    connection: Connection,
    stream: String,
    consumer: String,
    concurrency: usize,
    patience: Duration,
}

impl Subscription {
    /// Binds to `consumer` of `stream`, which has to exist.
    pub fn new(connection: &Connection, stream: &str, consumer: &str) -> Self {
        Self {
            connection: connection.clone(),
            stream: stream.to_owned(),
            consumer: consumer.to_owned(),
            concurrency: 64,
            patience: Duration::from_mins(15),
        }
    }

    /// How many messages are handled at a time; 64 unless told. One tenant gets a quarter of them at most.
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = limit.max(1);
        self
    }

    /// How long a message is tried again before it goes to DEAD_LETTERS; 15 minutes unless told. With [`Duration::MAX`] it never
    /// does, however often it was delivered.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn is_endless(&self) -> bool {
        self.patience == Duration::MAX
    }

    /// Runs `handler` until `shutdown`, then lets running messages end and hands the waiting ones back.
    ///
    /// # Errors
    /// [`Error::NoConsumer`] when the consumer does not exist at the start. Whatever happens later is logged and
    /// tried again.
    pub async fn run<H: Handler>(self, handler: H, shutdown: CancellationToken) -> Result<(), Error> {
        run::run(self, handler, shutdown).await
    }
}
