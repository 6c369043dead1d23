//! The role: its settings and its subscriptions.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_nats::{Connection, EventStore, GrantKey, Subscription};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Actions, Expiries},
    attempt::Attempts,
    error::Error,
    handler::Questions,
    notices::Notices,
    opened::Openings,
    running::Running,
    watermark::Watermark,
};

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
    store: EventStore,
    grants: GrantKey,
    settings: Settings,
    clock: fn() -> DateTime<Utc>,
}

impl Conversations {
    /// The role with the permissions of `connection`. `grants` signs what agents may call tools with; `clock` is the
    /// wall clock.
    pub fn new(connection: &Connection, grants: GrantKey, settings: Settings, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            connection: connection.clone(),
            store: EventStore::new(connection),
            grants,
            settings,
            clock,
        }
    }

    /// Answers until `shutdown`, then lets running answers end.
    ///
    /// # Errors
    /// When one of the durable consumers `EVENTS/conversations`, `EVENTS/actions`, `EVENTS/expiries` and `EVENTS/notices`
    /// (names for ever) is not there.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let running = Running::default();
        // What one of them can't do, the others need not try.
        let shutdown = shutdown.child_token();
        let _end = shutdown.clone().drop_guard();
        tokio::try_join!(
            self.answer(running.clone(), shutdown.clone()),
            async { Ok(running.listen(&self.connection, shutdown.clone()).await?) },
            async {
                let openings = Openings {
                    connection: self.connection.clone(),
                    grants: self.grants.clone(),
                    clock: self.clock,
                };
                Ok(openings.run(shutdown.clone()).await?)
            },
            async {
                let actions = Actions {
                    connection: self.connection.clone(),
                    store: self.store.clone(),
                    grants: self.grants.clone(),
                    clock: self.clock,
                };
                Ok(self.subscription("actions").run(actions, shutdown.clone()).await?)
            },
            async {
                let expiries = Expiries {
                    store: self.store.clone(),
                    clock: self.clock,
                };
                let subscription = self.subscription("expiries").patience(Duration::MAX);
                Ok(subscription.run(expiries, shutdown.clone()).await?)
            },
            async {
                let notices = Notices {
                    connection: self.connection.clone(),
                    store: self.store.clone(),
                };
                Ok(self.subscription("notices").run(notices, shutdown.clone()).await?)
            },
        )
        .map(|_: ((), (), (), (), (), ())| ())
    }

    async fn answer(&self, running: Running, shutdown: CancellationToken) -> Result<(), Error> {
        let questions = Questions {
            connection: self.connection.clone(),
            watermark: Watermark::new(&self.connection, &self.store),
            store: self.store.clone(),
            grants: self.grants.clone(),
            settings: self.settings,
            clock: self.clock,
            attempts: Attempts::default(),
            running,
        };
        // Asked before the first question, so that the first one does not have to wait for it.
        questions.watermark.is_below(0).await;
        self.subscription("conversations")
            .concurrency(self.settings.concurrency)
            .patience(self.settings.give_up_after.saturating_mul(2))
            .run(questions, shutdown)
            .await
            .map_err(Error::from)
    }

    fn subscription(&self, consumer: &str) -> Subscription {
        Subscription::new(&self.connection, "EVENTS", consumer)
    }
}
