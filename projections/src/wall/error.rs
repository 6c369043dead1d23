//! Why nothing can be read.

use std::time::Duration;

/// The read models can't be read at the moment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every connection is in use, and none became free in time.
    #[error("no connection to the database became free within {} s", .0.as_secs())]
    Busy(Duration),
    /// PostgreSQL refused, or is gone.
    #[error("PostgreSQL failed")]
    Postgres(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy(super::pool::PATIENCE),
            other => Self::Postgres(other),
        }
    }
}
