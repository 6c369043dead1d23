//! Commits batches of one stream: rows and checkpoint in one transaction.

use infragpt_nats::Received;
use sqlx::PgPool;

use super::positions::Positions;
use crate::{Batch, checkpoint, problem};

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What PostgreSQL or the driver said.
    #[error("PostgreSQL failed")]
    Database(#[from] sqlx::Error),
    /// Somebody else writes the same tables.
    #[error("the checkpoint is no longer at {0}: it was reset, or another projector moved it")]
    Moved(u64),
}

/// How much of a batch is written.
#[derive(Debug, Clone, Copy)]
enum Extent {
    Everything,
    IndexOnly,
    CheckpointOnly,
}

/// Writes one stream's batches, one after the other.
#[derive(Debug)]
pub(crate) struct Writer {
    database: PgPool,
    stream: &'static str,
    position: u64,
    positions: Positions,
}

impl Writer {
    /// A writer that goes on at the stream's checkpoint.
    pub async fn open(database: PgPool, stream: &'static str, positions: Positions) -> Result<Self, sqlx::Error> {
        let position = checkpoint::load(&database, stream).await?;
        positions.set(stream, position);
        Ok(Self {
            database,
            stream,
            position,
            positions,
        })
    }

    /// The sequence of the last committed message.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Commits a batch. What PostgreSQL can't hold is isolated message by message, so that it holds up nothing else.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        match self.commit(batch, Extent::Everything).await {
            Err(Error::Database(error)) if is_about_data(&error) => {
                tracing::warn!(
                    stream = self.stream,
                    position = self.position,
                    error = &error as &dyn std::error::Error,
                    "PostgreSQL refuses something in a batch of {}, projecting it one by one",
                    batch.received().len()
                );
            }
            other => return other,
        }
        for message in batch.received() {
            self.write_one(message).await?;
        }
        Ok(())
    }

    /// Goes on behind messages up to `sequence` that are no events.
    pub async fn pass(&mut self, sequence: u64) -> Result<(), Error> {
        if sequence <= self.position {
            return Ok(());
        }
        if !checkpoint::pass(&self.database, self.stream, self.position, sequence).await? {
            return Err(Error::Moved(self.position));
        }
        self.position = sequence;
        self.positions.set(self.stream, sequence);
        Ok(())
    }

    /// Commits as much of one message as PostgreSQL takes.
    async fn write_one(&mut self, message: &Received) -> Result<(), Error> {
        let single = Batch::decode(vec![message.clone()]);
        for extent in [Extent::Everything, Extent::IndexOnly] {
            match self.commit(&single, extent).await {
                Err(Error::Database(error)) if is_about_data(&error) => {
                    tracing::error!(
                        event.id = %message.envelope.id,
                        stream = self.stream,
                        sequence = message.sequence,
                        error = &error as &dyn std::error::Error,
                        "PostgreSQL refuses what event `{}` would write ({extent:?}), leaving it out",
                        message.envelope.id
                    );
                    problem::note(&self.database, message, &error).await;
                }
                other => return other,
            }
        }
        self.commit(&single, Extent::CheckpointOnly).await
    }

    /// One transaction: the checkpoint to the end of `batch`, and its rows.
    async fn commit(&mut self, batch: &Batch, extent: Extent) -> Result<(), Error> {
        let Some(last) = batch.received().last() else {
            return Ok(());
        };
        // Not waiting for the disk loses nothing: after a crash of PostgreSQL rows and checkpoint are both as of earlier.
        let mut transaction = self
            .database
            .begin_with("BEGIN; SET LOCAL synchronous_commit = off")
            .await?;
        let moved = checkpoint::advance(
            &mut transaction,
            self.stream,
            self.position,
            last.sequence,
            last.published,
        )
        .await?;
        if !moved {
            transaction.rollback().await?;
            return Err(Error::Moved(self.position));
        }
        match extent {
            Extent::Everything => batch.apply(&mut transaction).await?,
            Extent::IndexOnly => batch.index(&mut transaction).await?,
            Extent::CheckpointOnly => {}
        }
        transaction.commit().await?;
        self.position = last.sequence;
        self.positions.set(self.stream, last.sequence);
        Ok(())
    }
}

/// Whether PostgreSQL refused a value, which it would refuse again: SQLSTATE classes 22 (data), 23 (constraints) and
/// 54 (limits), <https://www.postgresql.org/docs/15/errcodes-appendix.html>. A value that can't even be sent is one too.
fn is_about_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class))),
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}
