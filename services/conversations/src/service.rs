//! The role: its settings and its subscription.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_nats::{Connection, EventStore, GrantKey, Subscription};
use tokio_util::sync::CancellationToken;

use crate::{attempt::Attempts, error::Error, handler::Questions, watermark::Watermark};

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long an agent may work on one question; its grant ends then, too.
    pub answer_within: Duration,
    /// How long a question waits for an agent or a connector that is not there, before it is given up. Shorter than
    /// the subscription's patience, which would move it to the dead letters in silence.
    pub give_up_after: Duration,
    /// How many questions are worked on at a time.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            answer_within: Duration::from_mins(2),
            give_up_after: Duration::from_mins(10),
            concurrency: 64,
        }
    }
}

/// The role `conversations`.
#[derive(Debug)]
pub struct Conversations {
    connection: Connection,
    questions: Questions,
    concurrency: usize,
}

impl Conversations {
    /// The role with the permissions of `connection`. `grants` signs what agents may call tools with; `clock` is the
    /// wall clock.
    pub fn new(connection: &Connection, grants: GrantKey, settings: Settings, clock: fn() -> DateTime<Utc>) -> Self {
        let store = EventStore::new(connection);
        let questions = Questions {
            connection: connection.clone(),
            watermark: Watermark::new(connection, &store),
            store,
            grants,
            settings,
            clock,
            attempts: Attempts::default(),
        };
        Self {
            connection: connection.clone(),
            questions,
            concurrency: settings.concurrency,
        }
    }

    /// Answers until `shutdown`, then lets running answers end.
    ///
    /// # Errors
    /// When the durable consumer `EVENTS/conversations` (a name for ever) is not there.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        // Asked before the first question, so that the first one does not have to wait for it.
        self.questions.watermark.is_below(0).await;
        Subscription::new(&self.connection, "EVENTS", "conversations")
            .concurrency(self.concurrency)
            .patience(self.questions.settings.give_up_after.saturating_mul(2))
            .run(self.questions, shutdown)
            .await
            .map_err(Error::from)
    }
}
