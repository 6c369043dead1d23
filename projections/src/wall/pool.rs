//! Connections that are behind the wall from their first breath.

use std::time::Duration;

use infragpt_events::OrganizationId;
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::time::Instant;

use super::{Error, Inside};
use crate::database;

/// The role of the database that owns nothing and sees one organization at a time. The migrations make it.
pub(crate) const ROLE: &str = "infragpt_api";

/// How long a reader waits for a connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How many read at once.
const MOST: u32 = 16;

/// How soon it is looked again whether the read models have caught up; doubled until [`SELDOM`].
const SOON: Duration = Duration::from_millis(4);

/// How long there is at most between two looks.
const SELDOM: Duration = Duration::from_millis(50);

/// The stream that everything behind the wall is made of.
const EVENTS: &str = "EVENTS";

/// Where organizations read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wall {
    pool: PgPool,
}

impl Wall {
    /// A pool that connects when it is first used, as whoever the URL names, and is [`ROLE`] from then on. A statement may
    /// take 10 s. Call it within the Tokio runtime.
    ///
    /// # Errors
    /// When the URL is not one of a PostgreSQL database.
    pub fn connect(database_url: &SecretString) -> Result<Self, database::Error> {
        let options = [("role", ROLE), ("default_transaction_read_only", "on")];
        let pool = database::pool(database_url, "infragpt api", MOST, PATIENCE, &options)?;
        Ok(Self { pool })
    }

    /// Begins to read as `user` of `organization`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn enter(&self, organization: &OrganizationId, user: &str) -> Result<Inside, Error> {
        Inside::enter(&self.pool, organization, user).await
    }

    /// Waits until the event at `position` of EVENTS is in the read models, for `within` at most; `false` when it is not.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reached(&self, position: u64, within: Duration) -> Result<bool, Error> {
        let deadline = Instant::now() + within;
        let mut pause = SOON;
        loop {
            if self.projected().await? >= position {
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

    /// How far EVENTS is in the read models.
    async fn projected(&self) -> Result<u64, Error> {
        let sequence = sqlx::query_scalar!("SELECT sequence FROM projection_checkpoints WHERE stream = $1", EVENTS)
            .fetch_optional(&self.pool)
            .await?;
        Ok(sequence.map_or(0, |sequence| u64::try_from(sequence).unwrap_or(0)))
    }

    /// Whether the database answers, and lets this role read.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reachable(&self) -> Result<(), Error> {
        self.projected().await.map(drop)
    }
}
