//! How the projection of the log stands: how far each stream is, who projects, and what went wrong.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_nats::{Connection, Log, log};
use serde::Serialize;
use sqlx::PgPool;

use crate::{
    checkpoint::{self, CONSUMER, STREAMS},
    generation::{self, State, check_migrations},
    problem::{self, Problem},
    projector,
    status::{self, StreamStatus, status},
};

/// How long the rate is measured.
const MEASURE: Duration = Duration::from_millis(500);

/// How many problems are shown.
const SHOWN: u16 = 10;

/// How one stream stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamStanding {
    /// How far it is.
    #[serde(flatten)]
    pub status: StreamStatus,
    /// How much later than the last projected message the stream's last one was stored, in seconds; 0 when none is left.
    pub lag_seconds: f64,
    /// How many sequences are projected in a second just now; absent when none is left, because then there is nothing to measure.
    pub rate: Option<f64>,
    /// Until when its consumer is held back.
    pub paused_until: Option<DateTime<Utc>>,
}

/// How everything stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Every stream.
    pub streams: Vec<StreamStanding>,
    /// Which generation is read.
    pub generation: i32,
    /// How many projectors are active: one, or none.
    pub active_projectors: i64,
    /// How many others stand by.
    pub standbys: i64,
    /// What the projector could not read or write lately, the newest first.
    pub problems: Vec<Problem>,
}

/// Why that is not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// How far the streams are is not known.
    #[error(transparent)]
    Status(#[from] status::Error),
    /// The tables are not those of this build.
    #[error(transparent)]
    Generation(#[from] generation::Error),
    /// PostgreSQL can't be read.
    #[error("PostgreSQL can't be asked")]
    Database(#[from] sqlx::Error),
    /// NATS can't be asked.
    #[error("the consumers can't be asked")]
    Log(#[from] log::Error),
}

/// How everything stands. Where something is left to project it takes half a second, in which the rate is measured.
///
/// # Errors
/// When PostgreSQL or NATS can't be asked.
pub async fn standing(database: &PgPool, connection: &Connection) -> Result<Standing, Error> {
    check_migrations(database).await?;
    let before = checkpoint::list(database).await?;
    let mut known = status(database, connection).await?;
    let measured = known.iter().any(|stream| stream.lag > 0);
    if measured {
        tokio::time::sleep(MEASURE).await;
        known = status(database, connection).await?;
    }
    let log = Log::new(connection);
    let mut streams = Vec::with_capacity(STREAMS.len());
    for status in known {
        let from = before.iter().find(|checkpoint| checkpoint.stream == status.stream);
        let from = from.map_or(0, |checkpoint| u64::try_from(checkpoint.sequence).unwrap_or(0));
        let last = log.bounds(&status.stream).await?.last_time;
        let behind = last.zip(status.published_at).map(|(last, projected)| last - projected);
        #[expect(clippy::cast_precision_loss, reason = "it is shown to people")]
        let rate = measured.then(|| status.checkpoint.saturating_sub(from) as f64 / MEASURE.as_secs_f64());
        streams.push(StreamStanding {
            lag_seconds: match behind {
                Some(behind) if status.lag > 0 => behind.as_seconds_f64().max(0.0),
                _ => 0.0,
            },
            rate,
            paused_until: log.consumer(&status.stream, CONSUMER).await?.paused_until,
            status,
        });
    }
    let generations = generation::list(database).await?;
    let (active_projectors, standbys) = projector::holders(database).await?;
    Ok(Standing {
        streams,
        generation: generations
            .iter()
            .find(|generation| generation.state == State::Active)
            .map_or(1, |generation| generation.id),
        active_projectors,
        standbys,
        problems: problem::list(database, SHOWN).await?,
    })
}

/// Holds back the consumers of every stream until `until`, or lets them go on where that is over. The read models stay as they
/// are; what comes waits in the log.
///
/// # Errors
/// When NATS refuses.
pub async fn pause(operator: &Connection, until: DateTime<Utc>) -> Result<(), log::Error> {
    let log = Log::new(operator);
    for stream in STREAMS {
        log.pause(stream, CONSUMER, until).await?;
    }
    Ok(())
}
