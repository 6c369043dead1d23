//! Why a generation can't be made, compared or swapped.

use infragpt_nats::{log, scan};
use sqlx::migrate::MigrateError;

use crate::{database, projector::WriteError};

/// Why a generation can't be made, compared or swapped. What was there stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database can't be reached or made.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// The tables can't be made.
    #[error("the tables can't be brought up to date")]
    Migrate(#[from] MigrateError),
    /// The tables can't be read or written.
    #[error("PostgreSQL failed")]
    Postgres(#[from] sqlx::Error),
    /// The log can't be asked.
    #[error("the log can't be inspected")]
    Log(#[from] log::Error),
    /// A stream can't be read.
    #[error("the log can't be read")]
    Scan(#[from] scan::Error),
    /// A batch can't be written.
    #[error("the rows can't be written")]
    Write(#[from] WriteError),
    /// One of the tasks panicked.
    #[error("the projection of a stream ended unexpectedly")]
    Ended(#[from] tokio::task::JoinError),
    /// Another command does this.
    #[error("another generation of the read models is being built in this database: wait until it is done, or stop it")]
    Busy,
    /// A build that is newer than this one was here.
    #[error(
        "the tables are of a newer build: migration {found} is not known to this one, whose last is {known}: use the newer build"
    )]
    TooNew {
        /// The last migration of the database.
        found: i64,
        /// The last migration of this build.
        known: i64,
    },
    /// They are still those of an earlier build.
    #[error(
        "the tables are of an earlier build: their last migration is {found}, and this build needs {known}: `infragpt migrate` brings them up to date"
    )]
    TooOld {
        /// The last migration of the database.
        found: i64,
        /// The last migration of this build.
        known: i64,
    },
    /// There are no tables.
    #[error("the database has no read models yet: `infragpt migrate` makes them")]
    Absent,
    /// A stream is not the one that was projected.
    #[error(
        "{stream} is projected up to #{checkpoint}, but it ends at #{last}: it was made anew or restored. `infragpt projections rebuild --accept-differences` makes the read models of what it holds now"
    )]
    Ahead {
        /// Which stream.
        stream: &'static str,
        /// The sequence of the last projected message.
        checkpoint: u64,
        /// The sequence of its last message.
        last: u64,
    },
    /// The log no longer goes back as far.
    #[error("EVENTS no longer has what was before #{first}{}", time.map(|time| format!(" of {}", time.format("%F %T UTC"))).unwrap_or_default())]
    Cut {
        /// The sequence of its first message.
        first: u64,
        /// When that was stored.
        time: Option<chrono::DateTime<chrono::Utc>>,
    },
    /// That is not there yet.
    #[error("EVENTS has no #{asked} yet: it ends at #{last}")]
    NotYet {
        /// What was asked for.
        asked: u64,
        /// The sequence of the last message.
        last: u64,
    },
    /// Readers hold the tables all the time.
    #[error(
        "the tables were in use for a whole minute, so the new generation could not take their place: it is kept, and the next `rebuild` goes on with it"
    )]
    InUse,
    /// There is nothing to go back to.
    #[error("there is no previous generation: only `infragpt projections rebuild` leaves one")]
    NoPrevious,
    /// What there is to go back to has other tables.
    #[error(
        "the previous generation has the tables of another build (migration {previous} instead of {active}): `infragpt projections rebuild` makes a new one"
    )]
    OtherShape {
        /// The last migration of the previous generation.
        previous: i64,
        /// The last migration of the active one.
        active: i64,
    },
    /// A table, a column or a schema that is not there.
    #[error("there is no {what} `{name}`{}", nearest.as_ref().map(|nearest| format!(": did you mean `{nearest}`?")).unwrap_or_default())]
    Unknown {
        /// What it would be.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What it may be instead.
        nearest: Option<String>,
    },
    /// A row is not named by its whole key.
    #[error("a row of `{table}` is named by {key}")]
    Key {
        /// The table.
        table: String,
        /// Its key.
        key: String,
    },
    /// A question that PostgreSQL does not understand or refuses.
    #[error("the assertion can't be asked: {0}")]
    Assertion(String),
    /// A question that has no yes or no for an answer.
    #[error("the assertion has to give one row with one boolean, and gives {0}")]
    NoBoolean(String),
}
