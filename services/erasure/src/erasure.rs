//! The role itself.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use infragpt_nats::{Connection, Handler, HandlerError, Received, Route, Subscription, subscription};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, quiet::DELAY};

/// How many are erased at a time. They take turns for every message, so a small one is done long before a large one.
const AT_ONCE: usize = 8;

/// Why the role ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was deleted can't be heard.
    #[error(transparent)]
    Subscription(#[from] subscription::Error),
}

/// The role `erasure`.
#[derive(Debug)]
pub struct Erasure {
    connection: Connection,
    clock: fn() -> DateTime<Utc>,
    delay: Duration,
}

impl Erasure {
    /// The role with the permissions of `connection`.
    pub fn new(connection: &Connection, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            connection: connection.clone(),
            clock,
            delay: DELAY,
        }
    }

    /// How long after everything was erased it is looked once more, for what was written with delay; a minute unless
    /// told. Handlers that are at work are waited for besides.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Erases what is deleted, until `shutdown`. What is not done then goes on when the role runs again.
    ///
    /// # Errors
    /// [`Error`] when its consumer does not exist.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let deletions = Subscription::new(&self.connection, "EVENTS", "erasures")
            .concurrency(AT_ONCE)
            // Nobody is told that something will not be erased.
            .patience(Duration::MAX);
        let context = Context::new(&self.connection, self.clock, self.delay, shutdown.clone());
        let handler = Deletions(Arc::new(context));
        Ok(deletions.run(handler, shutdown).await?)
    }
}

/// Handles the `deleted` events.
struct Deletions(Arc<Context>);

impl Handler for Deletions {
    fn route(&self, received: &Received) -> Route {
        let key = received.token(3).unwrap_or_default().to_owned();
        // People belong to no organization, and must not wait for each other as if they were one.
        Route {
            tenant: key.clone(),
            key,
        }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let Self(context) = self;
        let deletion = received.envelope.id.clone();
        let mut progress = context.ledger.take(&deletion);
        let erased = match received.token(1) {
            Some("organization") => {
                let organization = received.token(2).unwrap_or_default();
                let organization = OrganizationId::parse(organization).map_err(HandlerError::discard)?;
                context
                    .erase_organization(&organization, &received, &mut progress)
                    .await
            }
            _ => context.erase_person(&received, &mut progress).await,
        };
        if erased.is_err() {
            context.ledger.keep(&deletion, progress);
        }
        Ok(erased?)
    }
}
