//! Where organizations come in.

use std::{sync::Arc, time::Duration};

use infragpt_events::OrganizationId;
use secrecy::SecretString;
use sqlx::PgPool;

use super::{
    inside::{Inside, Once},
    progress::Progress,
    turns::Turns,
};
use crate::{database, members};

/// The role of the database that owns nothing and sees one organization at a time. The migrations make it.
pub(crate) const ROLE: &str = "infragpt_api";

/// How many read at once.
const MOST: u32 = 16;

/// How many of them read for one organization.
const EACH: usize = 8;

/// How long a connection is used. It keeps the plans of its statements, and one that was made while a table was nearly empty
/// reads all of it once it is full.
const USED_FOR: Duration = Duration::from_mins(1);

/// Where organizations read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wall(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: PgPool,
    turns: Turns,
    progress: Progress,
}

impl Wall {
    /// Connects when it is first used, as whoever the URL names, and is the role `infragpt_api` from then on. A statement
    /// may take 10 s; at most 16 read at once, 8 of them for one organization, and whoever comes then waits for 2 s at most.
    /// Call it within the Tokio runtime.
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
        let readers = database::pool().max_connections(MOST).max_lifetime(USED_FOR);
        let alone = database::pool().max_connections(1);
        Ok(Self(Arc::new(Shared {
            pool: readers.connect_lazy_with(options.clone()),
            turns: Turns::new(EACH, database::PATIENCE),
            progress: Progress::new(alone.connect_lazy_with(options)),
        })))
    }

    /// Begins to read as `user` of `organization`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn enter(&self, organization: &OrganizationId, user: &str) -> Result<Inside, sqlx::Error> {
        let turn = self.0.turns.take(organization).await?;
        let (pool, organization, user) = (self.0.pool.clone(), organization.clone(), user.to_owned());
        // In a task of its own, because whoever waits may go away: the driver forgets a transaction that was given up while it
        // began, and the next reader would find themselves in it.
        let entered = tokio::spawn(async move {
            let mut transaction = pool.begin_with("BEGIN READ ONLY").await?;
            let role = sqlx::query_scalar!("SELECT infragpt_enter($1, $2)", organization.as_str(), user)
                .fetch_one(&mut *transaction)
                .await?;
            Ok(Inside {
                transaction,
                role: role.map(|word| members::role(&word)),
                _turn: turn,
            })
        });
        entered.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// A connection for one statement that enters by itself.
    pub(crate) async fn once(&self, organization: &OrganizationId) -> Result<Once, sqlx::Error> {
        let turn = self.0.turns.take(organization).await?;
        Ok(Once {
            connection: self.0.pool.acquire().await?,
            _turn: turn,
        })
    }

    /// Waits until the event at `position` of EVENTS is in the read models, for `within` at most; `false` when it is not.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn reached(&self, position: u64, within: Duration) -> Result<bool, sqlx::Error> {
        self.0.progress.reached(position, within).await
    }

    /// Whether the database answers, and lets this role read, however many do.
    ///
    /// # Errors
    /// When it does not.
    pub async fn reachable(&self) -> Result<(), sqlx::Error> {
        self.0.progress.look().await.map(drop)
    }
}
