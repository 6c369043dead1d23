//! One stream's projection: from its feed into the tables.

use std::{convert::Infallible, time::Duration};

use infragpt_nats::{Connection, Feed, feed};
use sqlx::PgPool;
use tokio::task::unconstrained;
use tokio_util::sync::CancellationToken;

use super::{
    backoff::Backoff,
    positions::Positions,
    writer::{self, Writer},
};
use crate::{Batch, checkpoint::CONSUMER, problem};

/// The most messages in a transaction: enough for the rate to be PostgreSQL's, and small enough to stay in memory.
const MAXIMUM_BATCH: usize = 1000;

/// Batches hold what is there: waiting for more would be seen as lag.
const LINGER: Duration = Duration::ZERO;

pub(super) struct StreamProjection {
    pub connection: Connection,
    pub database: PgPool,
    pub stream: &'static str,
    pub positions: Positions,
}

/// Why the stream has to be taken up again at its checkpoint.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the checkpoint can't be read")]
    Checkpoint(#[from] sqlx::Error),
    #[error("the rows can't be written")]
    Write(#[from] writer::Error),
    #[error("the events can't be read")]
    Feed(#[from] feed::Error),
    #[error(
        "the checkpoint is at {checkpoint}, but the stream ends at {last}: it was made anew or restored, so rebuild the read models"
    )]
    Ahead { checkpoint: u64, last: u64 },
}

impl StreamProjection {
    /// Projects the stream until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            let Some(result) = stop.run_until_cancelled(self.follow(&mut backoff)).await else {
                return;
            };
            let Err(interrupted) = result;
            let delay = backoff.failed();
            if backoff.is_news() {
                tracing::warn!(
                    stream = self.stream,
                    error = &interrupted as &dyn std::error::Error,
                    failures = backoff.failures(),
                    "The projection of `{}` was interrupted, taking it up again at its checkpoint",
                    self.stream
                );
            }
            if stop.run_until_cancelled(tokio::time::sleep(delay)).await.is_none() {
                return;
            }
        }
    }

    async fn follow(&self, backoff: &mut Backoff) -> Result<Infallible, Interrupted> {
        let mut writer = Writer::open(self.database.clone(), self.stream, self.positions.clone()).await?;
        let position = writer.position();
        let last = feed::last_sequence(&self.connection, self.stream).await?;
        if position > last {
            return Err(Interrupted::Ahead {
                checkpoint: position,
                last,
            });
        }
        let mut feed = Feed::open(&self.connection, self.stream, CONSUMER, position).await?;
        tracing::info!(
            stream = self.stream,
            position,
            last,
            "Projecting `{}` from {position}",
            self.stream
        );
        loop {
            // Unconstrained: else Tokio's budget for one poll would end every batch after 128 messages.
            let received = unconstrained(feed.next_batch(MAXIMUM_BATCH, LINGER)).await?;
            let batch = Batch::decode(received);
            for (event, failure) in batch.unreadable() {
                tracing::warn!(
                    event.id = %event.envelope.id,
                    stream = self.stream,
                    sequence = event.sequence,
                    error = failure as &dyn std::error::Error,
                    "Event `{}` can't be read by this build: it is indexed, and in no other read model",
                    event.envelope.id
                );
                problem::note(&self.database, event, failure).await;
            }
            writer.write(&batch).await?;
            writer.pass(feed.last()).await?;
            feed.confirm().await;
            backoff.reset();
        }
    }
}
