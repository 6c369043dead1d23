//! Finds what somebody refers to, and what belongs to its case: through the index where there is a database, else in the log.

mod case;
mod dead;
mod found;
pub(crate) mod gesture;
mod lookup;
mod missing;
mod resolve;

use infragpt_nats::{Connection, Log, log, scan};
use infragpt_projections::{DatabaseError, PgPool, database};

pub use case::Case;
pub(crate) use case::cause_of;
pub use found::Found;
pub use missing::Missing;
pub use resolve::{Aggregate, Target};

/// Why nothing can be looked up, or what was looked for isn't there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing has it.
    #[error("{0}")]
    Missing(Missing),
    /// The index can't be read.
    #[error("the index of events can't be read")]
    Database(#[from] DatabaseError),
    /// A stream can't be asked.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// A stream can't be read through.
    #[error(transparent)]
    Scan(#[from] scan::Error),
}

/// Finds events, whoever's they are.
#[derive(Debug, Clone)]
pub struct Finder {
    connection: Connection,
    log: Log,
    index: Option<PgPool>,
}

impl Finder {
    /// Finds through the index in `database`, or without it by reading the log, which takes longer the longer that is.
    pub fn new(connection: &Connection, database: Option<PgPool>) -> Self {
        Self {
            connection: connection.clone(),
            log: Log::new(connection),
            index: database,
        }
    }

    /// As [`new`](Self::new), if the database answers; else without it, and why.
    pub async fn with_or_without(connection: &Connection, database: PgPool) -> (Self, Option<DatabaseError>) {
        match database::reachable(&database).await {
            Ok(()) => (Self::new(connection, Some(database)), None),
            Err(error) => (Self::new(connection, None), Some(error)),
        }
    }

    /// Whether there is an index to find through.
    pub fn is_indexed(&self) -> bool {
        self.index.is_some()
    }
}
