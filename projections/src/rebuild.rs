//! The read models made anew from the log: beside what is there, or where there is nothing.

use std::{
    collections::BTreeMap,
    pin::pin,
    time::{Duration, Instant},
};

use infragpt_nats::{Connection, feed};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::{PgPool, migrate::MigrateError};
use tokio_util::sync::CancellationToken;

use crate::{
    Fingerprint,
    checkpoint::{self, CONSUMER, Checkpoint, STREAMS},
    database, fingerprint,
    generation::{self, Renewal, Renewed, TableDifference},
    projector::{self, Projector},
};

/// How often the checkpoints are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How long nothing may move before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How far one stream is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The stream.
    pub stream: &'static str,
    /// The sequence of the last projected message.
    pub projected: u64,
    /// The sequence of the stream's last message when the rebuild began; in the end, of the last one that it still has.
    pub target: u64,
}

/// What a rebuild made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Whether the database had to be made.
    pub created: bool,
    /// How far each stream was projected.
    pub streams: Vec<Progress>,
    /// Every table's rows.
    pub tables: BTreeMap<&'static str, Fingerprint>,
    /// Whether a new generation took the place of one that was there.
    pub swapped: bool,
    /// What differs between what was there and what the log says. Where that is not accepted, nothing is changed.
    pub differences: Vec<TableDifference>,
    /// Facts that their stream no longer keeps, by stream: where they stood is taken from what was there.
    pub carried: BTreeMap<&'static str, u64>,
}

/// Why the read models could not be rebuilt. Running it again is safe at any point.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database can't be reached or made.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// The tables can't be made.
    #[error("the tables can't be brought up to date")]
    Migrate(#[from] MigrateError),
    /// The tables can't be emptied or read.
    #[error("PostgreSQL failed")]
    Postgres(#[from] sqlx::Error),
    /// NATS doesn't say how far a stream goes.
    #[error("stream `{stream}` can't be inspected")]
    Stream {
        /// Which stream.
        stream: &'static str,
        /// What was found.
        #[source]
        source: feed::Error,
    },
    /// Nothing was projected for a while, though not everything is.
    #[error(
        "`{stream}` is projected up to {projected} of {target}, and nothing moved for 30 s: the active projector hangs, or can't write"
    )]
    Stalled {
        /// Which stream.
        stream: &'static str,
        /// The sequence of the last projected message.
        projected: u64,
        /// The sequence that was to be reached.
        target: u64,
    },
    /// The projector ended.
    #[error("the projector failed")]
    Projector(#[from] projector::Error),
    /// The new generation can't be made, or can't take the place of what is there.
    #[error(transparent)]
    Generation(#[from] generation::Error),
}

/// Makes the read models from the log. Where there are some, a new generation is built beside them and takes their place in one
/// transaction, if it holds the same or `renewal` accepts what differs; readers and the active projector go on all the while.
/// Where there are none, with the database if it is gone, they are projected in place. In the end all is projected that the
/// streams held in the beginning: by the projector that is active somewhere, or else by this call itself.
///
/// `projector` must be a connection of NATS user `projections`, because this call may have to do that role's work; `operator`
/// one of the user of that name, who may read streams with consumers of its own.
///
/// # Errors
/// When a server refuses or is gone. What was there stays, until a new generation is complete.
pub async fn rebuild(
    database_url: &SecretString,
    projector: &Connection,
    operator: &Connection,
    renewal: Renewal,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<Rebuilt, Error> {
    let created = database::create_database(database_url).await?;
    let database = database::connect(database_url, "infragpt rebuild")?;
    match generation::check_migrations(&database).await {
        Ok(_) | Err(generation::Error::Absent | generation::Error::TooOld { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    database::migrate(&database).await?;
    let compared = if created {
        None
    } else {
        match generation::renew(database_url, operator, renewal, &mut progress).await? {
            Renewed::NothingToKeep => None,
            Renewed::Swapped(compared) => Some(compared),
            Renewed::Refused(compared) => {
                return Ok(Rebuilt {
                    created,
                    streams: vec![],
                    tables: compared.tables,
                    swapped: false,
                    differences: compared.differences,
                    carried: compared.carried,
                });
            }
        }
    };
    let streams = complete(projector, &database, &mut progress).await?;
    let tables = fingerprint(&database).await?;
    database.close().await;
    let swapped = compared.is_some();
    let (differences, carried) =
        compared.map_or_else(Default::default, |compared| (compared.differences, compared.carried));
    Ok(Rebuilt {
        created,
        streams,
        tables,
        swapped,
        differences,
        carried,
    })
}

/// Waits until everything is projected, and is the projector meanwhile if no other is.
async fn complete(
    connection: &Connection,
    database: &PgPool,
    progress: &mut impl FnMut(&[Progress]),
) -> Result<Vec<Progress>, Error> {
    let mut targets = Vec::with_capacity(STREAMS.len());
    for stream in STREAMS {
        let target = feed::last_sequence(connection, stream)
            .await
            .map_err(|source| Error::Stream { stream, source })?;
        targets.push((stream, target));
    }
    let stop = CancellationToken::new();
    let mut standby = pin!(Projector::run(connection.clone(), database.clone(), stop.clone()));
    let mut caught_up = pin!(catch_up(connection, database, targets, progress));
    tokio::select! {
        ended = &mut standby => {
            ended?;
            caught_up.await
        }
        streams = &mut caught_up => {
            stop.cancel();
            standby.await?;
            streams
        }
    }
}

/// How far each stream is projected; the targets stay with their streams.
fn standing(checkpoints: &[Checkpoint], targets: &[(&'static str, u64)]) -> Vec<Progress> {
    let progress = targets.iter().map(|&(stream, target)| {
        let found = checkpoints.iter().find(|checkpoint| checkpoint.stream == stream);
        let projected = found.map_or(0, |checkpoint| u64::try_from(checkpoint.sequence).unwrap_or(0));
        Progress {
            stream,
            projected,
            target,
        }
    });
    progress.collect()
}

async fn catch_up(
    connection: &Connection,
    database: &PgPool,
    mut targets: Vec<(&'static str, u64)>,
    progress: &mut impl FnMut(&[Progress]),
) -> Result<Vec<Progress>, Error> {
    let mut reported = Vec::new();
    let mut moved = Instant::now();
    loop {
        match checkpoint::list(database).await {
            Ok(checkpoints) => {
                let streams = standing(&checkpoints, &targets);
                if streams != reported {
                    progress(&streams);
                    reported.clone_from(&streams);
                    moved = Instant::now();
                } else if let Some(behind) = streams.iter().find(|stream| stream.projected < stream.target) {
                    if moved.elapsed() > PATIENCE {
                        let &Progress {
                            stream,
                            projected,
                            target,
                        } = behind;
                        return Err(Error::Stalled {
                            stream,
                            projected,
                            target,
                        });
                    }
                    lower(connection, &mut targets, &streams).await;
                } else {
                    return Ok(streams);
                }
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "The checkpoints can't be read, trying again"
                );
                moved = Instant::now();
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Where nothing moves, nothing may be left: the last messages of a stream can be gone, and then it ends before its target.
async fn lower(connection: &Connection, targets: &mut [(&'static str, u64)], streams: &[Progress]) {
    for ((stream, target), now) in targets.iter_mut().zip(streams) {
        if now.projected < now.target
            && let Ok(end) = feed::end(connection, stream, CONSUMER).await
            && end.is_reached(now.projected)
        {
            *target = now.projected;
        }
    }
}
