//! Why nothing can be read.

/// The read models can't be read at the moment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every connection is in use, and none became free in time.
    #[error("no connection to the database became free within 2 s")]
    Busy,
    /// There is no new connection either.
    #[error("no connection to the database within 5 s")]
    Silence,
    /// PostgreSQL refused, or is gone.
    #[error("PostgreSQL failed")]
    Postgres(#[from] sqlx::Error),
}
