//! Where organizations come in.

use std::{sync::Arc, time::Duration};

use infragpt_events::OrganizationId;
use secrecy::SecretString;
use tokio::time::Instant;

use super::{Error, Inside, connections::Connections, reader::Reader};
use crate::database;

/// The role of the database that owns nothing and sees one organization at a time. The migrations make it.
pub(crate) const ROLE: &str = "infragpt_api";

/// How soon it is looked again whether the read models have caught up; doubled until [`SELDOM`].
const SOON: Duration = Duration::from_millis(4);

/// How long there is at most between two looks.
const SELDOM: Duration = Duration::from_millis(50);

/// The stream that everything behind the wall is made of.
const EVENTS: &str = "EVENTS";

/// Where organizations read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wall(Arc<Connections>);

impl Wall {
    /// Connects when it is first used, as whoever the URL names, and is the role `infragpt_api` from then on. A statement
    /// may take 10 s, and at most 16 read at once.
    ///
    /// # Errors
    /// When the URL is not one of a PostgreSQL database.
    pub fn connect(database_url: &SecretString) -> Result<Self, database::Error> {
        let options = database::options(database_url, "infragpt api")?.options([
            ("role", ROLE),
            ("default_transaction_read_only", "on"),
            // Or a query goes on to its end for a reader who closed the connection.
            ("client_connection_check_interval", "1s"),
            // Every page is in the order of an index. Before a table is analyzed PostgreSQL takes it for small, and would read
            // and sort all of an organization's rows.
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
        ]);
        Ok(Self(Arc::new(Connections::new(options))))
    }

    /// Begins to read as `user` of `organization`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn enter(&self, organization: &OrganizationId, user: &str) -> Result<Inside, Error> {
        Inside::enter(self.reader().await?, organization, user).await
    }

    /// A connection for one statement that enters by itself.
    pub(crate) async fn reader(&self) -> Result<Reader, Error> {
        self.0.take().await
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

    /// Whether the database answers, and lets this role read.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reachable(&self) -> Result<(), Error> {
        self.projected().await.map(drop)
    }

    /// How far EVENTS is in the read models.
    async fn projected(&self) -> Result<u64, Error> {
        let mut reader = self.reader().await?;
        let sequence = sqlx::query_scalar!("SELECT sequence FROM projection_checkpoints WHERE stream = $1", EVENTS)
            .fetch_optional(reader.connection())
            .await?;
        reader.keep();
        Ok(sequence.map_or(0, |sequence| u64::try_from(sequence).unwrap_or(0)))
    }
}
