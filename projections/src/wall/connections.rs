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

/// How long a connection is used. It keeps the plans of its statements, and one that was made while a table was nearly empty
/// reads all of it once it is full.
const USED_FOR: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(super) struct Connections {
    options: PgConnectOptions,
    turns: Arc<Semaphore>,
    unused: Mutex<Vec<Unused>>,
}

#[derive(Debug)]
struct Unused {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
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
        let (connection, opened) = match self.kept().await {
            Some(kept) => kept,
            None => (self.open().await?, Instant::now()),
        };
        Ok(Reader::new(connection, opened, self.clone(), turn))
    }

    async fn open(&self) -> Result<PgConnection, Error> {
        Ok(timeout(CONNECTED_WITHIN, self.options.connect())
            .await
            .map_err(|_| Error::Silence)??)
    }

    /// The connection that was used last, if it still works, and since when it is open.
    async fn kept(&self) -> Option<(PgConnection, Instant)> {
        let Unused {
            mut connection,
            opened,
            since,
        } = self.unused().pop()?;
        if since.elapsed() >= TRUSTED_FOR {
            timeout(CONNECTED_WITHIN, connection.ping()).await.ok()?.ok()?;
        }
        Some((connection, opened))
    }

    /// Keeps a connection for the next reader, unless it is old.
    pub fn keep(&self, connection: PgConnection, opened: Instant) {
        if opened.elapsed() < USED_FOR {
            self.unused().push(Unused {
                connection,
                opened,
                since: Instant::now(),
            });
        }
    }

    fn unused(&self) -> MutexGuard<'_, Vec<Unused>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
