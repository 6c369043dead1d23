//! Which projector is the active one: the one that holds an advisory lock of the database, on a connection that does
//! nothing else. PostgreSQL gives the lock back when that connection ends, however it ends.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use crate::checkpoint::{self, Checkpoint};

/// `infragpt` as a number. For ever: projectors of different builds must exclude each other.
const KEY: i64 = 0x696e_6672_6167_7074;

/// How long PostgreSQL may take to answer the holder of the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many projectors hold the lock, and how many wait for it.
pub(crate) async fn holders(database: &PgPool) -> Result<(i64, i64), sqlx::Error> {
    // An advisory lock's number stands there in two halves
    // (<https://www.postgresql.org/docs/15/view-pg-locks.html>).
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks
         WHERE locktype = 'advisory' AND objsubid = 1
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND classid::bigint = $1 >> 32 AND objid::bigint = $1 & 4294967295",
    )
    .bind(KEY)
    .fetch_one(database)
    .await
}

/// Held by the active projector.
#[derive(Debug)]
pub(crate) struct Lock {
    connection: PgConnection,
}

/// The lock may be another's by now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("the connection that held the lock failed")]
    Connection(#[from] sqlx::Error),
    #[error("PostgreSQL did not answer the holder of the lock within 5 s")]
    Silence,
}

impl Lock {
    /// Waits until this projector is the active one, of a database that has its tables.
    pub async fn acquire(database: &PgPool) -> Result<Self, sqlx::Error> {
        let options = database
            .connect_options()
            .as_ref()
            .clone()
            .application_name("infragpt projector")
            .options([
                // The wait is as long as another is active.
                ("statement_timeout", "0"),
                // A standby or holder that vanished without a word must not keep the lock.
                ("client_connection_check_interval", "1s"),
                ("tcp_keepalives_idle", "5"),
                ("tcp_keepalives_interval", "2"),
                ("tcp_keepalives_count", "3"),
            ])
            // Or every wait as a standby is a warning about a slow statement.
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::query!("SELECT pg_advisory_lock($1)", KEY)
            .execute(&mut connection)
            .await?;
        checkpoint::list(&mut connection).await?;
        Ok(Self { connection })
    }

    /// Proves that the lock is still held, and returns the checkpoints as they are now.
    pub async fn check(&mut self) -> Result<Vec<Checkpoint>, Lost> {
        match tokio::time::timeout(PATIENCE, checkpoint::list(&mut self.connection)).await {
            Ok(checkpoints) => Ok(checkpoints?),
            Err(_) => Err(Lost::Silence),
        }
    }

    /// Lets a standby take over at once.
    pub async fn release(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "The lock's connection was closed already");
        }
    }
}
