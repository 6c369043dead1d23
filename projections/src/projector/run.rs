//! Waiting to be the active projector, being it, and no longer being it.

use std::time::Duration;

use infragpt_nats::Connection;
use sqlx::PgPool;
use tokio::{
    task::{JoinError, JoinSet},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{
    backoff::Backoff,
    lock::{Lock, Lost},
    positions::{self, Positions},
    pulse,
    stream::StreamProjection,
};
use crate::checkpoint::{READ_BY_TOOLS, STREAMS};

/// How often the active projector proves that it still is, and looks whether a rebuild was asked for.
const WATCH: Duration = Duration::from_millis(500);

/// Why a projector ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One stream's projection panicked; the others were stopped.
    #[error("the projection of a stream ended unexpectedly")]
    Ended(#[source] JoinError),
}

/// Keeps the read models up to date.
#[derive(Debug)]
pub struct Projector {
    connection: Connection,
    database: PgPool,
}

/// Why a projector stopped following the streams.
enum Stopped {
    /// It was told to.
    Shutdown,
    /// The checkpoints were set back, so it has to start over.
    Reset,
    /// Another may be active by now.
    Lost(Lost),
}

impl Projector {
    /// Runs until `shutdown`: waits until no other projector is active, then follows every stream from its checkpoint.
    ///
    /// PostgreSQL may be away at any time, and may come back empty, without a database or without tables: it is tried
    /// again for ever, at least once a second.
    ///
    /// # Errors
    /// [`Error::Ended`] when a projection panics; nothing that the servers do ends a projector.
    pub async fn run(connection: Connection, database: PgPool, shutdown: CancellationToken) -> Result<(), Error> {
        let projector = Self { connection, database };
        let mut backoff = Backoff::default();
        while !shutdown.is_cancelled() {
            let acquired = shutdown.run_until_cancelled(Lock::acquire(&projector.database)).await;
            match acquired {
                None => break,
                Some(Ok(lock)) => {
                    tracing::info!("This projector is the active one");
                    backoff.reset();
                    projector.lead(lock, &shutdown).await?;
                    shutdown.run_until_cancelled(tokio::time::sleep(backoff.failed())).await;
                }
                Some(Err(error)) => {
                    let delay = backoff.failed();
                    if backoff.is_news() {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            failures = backoff.failures(),
                            "The projector can't use the database, trying again"
                        );
                    }
                    shutdown.run_until_cancelled(tokio::time::sleep(delay)).await;
                }
            }
        }
        Ok(())
    }

    /// Is the active projector until it no longer holds the lock or is told to stop.
    async fn lead(&self, mut lock: Lock, shutdown: &CancellationToken) -> Result<(), Error> {
        loop {
            match self.follow(&mut lock, shutdown).await? {
                Stopped::Reset => tracing::info!("The read models were reset, projecting from the start"),
                Stopped::Shutdown => {
                    lock.release().await;
                    return Ok(());
                }
                Stopped::Lost(reason) => {
                    tracing::warn!(
                        error = &reason as &dyn std::error::Error,
                        "This projector is no longer the active one"
                    );
                    return Ok(());
                }
            }
        }
    }

    /// Projects all streams until something says that it has to stop; on return nothing of it runs any more.
    async fn follow(&self, lock: &mut Lock, shutdown: &CancellationToken) -> Result<Stopped, Error> {
        let stop = shutdown.child_token();
        let positions = Positions::default();
        let mut projections = JoinSet::new();
        for stream in STREAMS {
            let projection = StreamProjection {
                connection: self.connection.clone(),
                database: self.database.clone(),
                stream,
                positions: positions.clone(),
            };
            projections.spawn(projection.run(stop.clone()));
        }
        projections.spawn(pulse::run(
            self.connection.clone(),
            self.database.clone(),
            READ_BY_TOOLS,
            positions.clone(),
            stop.clone(),
        ));
        let stopped = tokio::select! {
            stopped = watch(lock, &positions, shutdown) => Ok(stopped),
            Some(Err(panicked)) = projections.join_next() => Err(Error::Ended(panicked)),
        };
        stop.cancel();
        while let Some(ended) = projections.join_next().await {
            ended.map_err(Error::Ended)?;
        }
        stopped
    }
}

async fn watch(lock: &mut Lock, positions: &Positions, shutdown: &CancellationToken) -> Stopped {
    let mut ticks = tokio::time::interval(WATCH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if shutdown.run_until_cancelled(ticks.tick()).await.is_none() {
            return Stopped::Shutdown;
        }
        let believed = positions.now();
        match lock.check().await {
            Ok(checkpoints) if positions::were_reset(believed, &checkpoints) => return Stopped::Reset,
            Ok(_) => {}
            Err(reason) => return Stopped::Lost(reason),
        }
    }
}
