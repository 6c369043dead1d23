//! The connections behind the wall: a few, opened when they are needed, and kept.
//!
//! The driver's own pool asks the server about every connection that comes back. Here a connection that was read from to the end
//! goes to the next reader at once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::{Error, reader::Reader};

/// How many read at once.
const MOST: usize = 16;

/// How long a reader waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a reader waits for a new connection, or for an old one that may be dead.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection that nobody uses is trusted to be still there.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Connections {
    options: PgConnectOptions,
    turns: Arc<Semaphore>,
    unused: Mutex<Vec<(PgConnection, Instant)>>,
}

impl Connections {
    pub fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            turns: Arc::new(Semaphore::new(MOST)),
            unused: Mutex::default(),
        }
    }

    /// A connection for one reader, when it is their turn.
    pub async fn take(self: &Arc<Self>) -> Result<Reader, Error> {
        let Ok(Ok(turn)) = timeout(PATIENCE, self.turns.clone().acquire_owned()).await else {
            return Err(Error::Busy);
        };
        let connection = match self.kept().await {
            Some(connection) => connection,
            None => timeout(CONNECTED_WITHIN, self.options.connect())
                .await
                .map_err(|_| Error::Silence)??,
        };
        Ok(Reader::new(connection, self.clone(), turn))
    }

    /// The connection that was used last, if it still works.
    async fn kept(&self) -> Option<PgConnection> {
        let (mut connection, since) = self.unused().pop()?;
        if since.elapsed() >= TRUSTED_FOR {
            timeout(CONNECTED_WITHIN, connection.ping()).await.ok()?.ok()?;
        }
        Some(connection)
    }

    /// Keeps a connection for the next reader.
    pub fn keep(&self, connection: PgConnection) {
        self.unused().push((connection, Instant::now()));
    }

    fn unused(&self) -> MutexGuard<'_, Vec<(PgConnection, Instant)>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
