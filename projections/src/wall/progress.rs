//! How far the read models are.

use std::time::Duration;

use sqlx::PgPool;
use tokio::{sync::Mutex, time::Instant};

/// How soon it is looked again; doubled until [`SELDOM`].
const SOON: Duration = Duration::from_millis(4);

/// How long there is at most between two looks.
const SELDOM: Duration = Duration::from_millis(50);

/// The stream that everything behind the wall is made of.
const EVENTS: &str = "EVENTS";

/// How far EVENTS is in the read models. Who waits looks for all who do, on a connection that nobody reads with.
#[derive(Debug)]
pub(super) struct Progress {
    pool: PgPool,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    position: u64,
}

impl Progress {
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            seen: Mutex::default(),
        }
    }

    /// Waits for `position`, for `within` at most; `false` when it is not reached.
    pub async fn reached(&self, position: u64, within: Duration) -> Result<bool, sqlx::Error> {
        let deadline = Instant::now() + within;
        let mut pause = SOON;
        loop {
            if self.seen().await? >= position {
                return Ok(true);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(false);
            }
            tokio::time::sleep_until(deadline.min(now + pause)).await;
            pause = SELDOM.min(pause * 2);
        }
    }

    /// What was seen a moment ago, by whomever.
    async fn seen(&self) -> Result<u64, sqlx::Error> {
        let mut seen = self.seen.lock().await;
        if let Some(seen) = *seen
            && seen.at.elapsed() < SOON
        {
            return Ok(seen.position);
        }
        let at = Instant::now();
        let position = self.look().await?;
        *seen = Some(Seen { at, position });
        Ok(position)
    }

    /// Asks the database.
    pub async fn look(&self) -> Result<u64, sqlx::Error> {
        let sequence = sqlx::query_scalar!("SELECT sequence FROM projection_checkpoints WHERE stream = $1", EVENTS)
            .fetch_optional(&self.pool)
            .await?;
        Ok(sequence.map_or(0, |sequence| u64::try_from(sequence).unwrap_or(0)))
    }
}
