//! Streams into a schema of one's own, with ordered consumers that leave nothing behind.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_nats::{
    Connection, Scan,
    scan::{Begin, End, Extent},
};
use sqlx::PgPool;
use tokio::{
    sync::mpsc,
    task::{JoinSet, unconstrained},
};

use super::{Error, Progress};
use crate::{
    Batch,
    checkpoint::{READ_BY_TOOLS, STREAMS},
    projector::{Positions, Writer},
};

/// The most messages in a transaction, and the most bytes of payloads: nobody waits for these rows, so they come in large batches.
const MAXIMUM_BATCH: usize = 4000;
const MAXIMUM_BYTES: usize = 8 << 20;

/// Batches that are decoded ahead of the one that is written.
const AHEAD: usize = 2;

/// How often progress is told.
const TELL: Duration = Duration::from_millis(100);

/// Up to where a stream is projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Up to this sequence.
    At(u64),
    /// Up to what was stored before this time, and was there when the stream ended with this sequence.
    Before(DateTime<Utc>, u64),
}

impl Until {
    fn target(self) -> u64 {
        match self {
            Self::At(sequence) | Self::Before(_, sequence) => sequence,
        }
    }
}

/// Projects each stream from where the schema of `database` is until `ends`, the streams side by side.
///
/// # Errors
/// When NATS or PostgreSQL fail. What is written stays: call it again, and it goes on there.
pub(super) async fn fill(
    connection: &Connection,
    database: &PgPool,
    ends: &[(&'static str, Until)],
    progress: &mut (dyn FnMut(&[Progress]) + Send),
) -> Result<(), Error> {
    let positions = Positions::default();
    let mut streams = JoinSet::new();
    for &(stream, until) in ends {
        streams.spawn(one(
            connection.clone(),
            database.clone(),
            stream,
            until,
            positions.clone(),
        ));
    }
    let mut tell = tokio::time::interval(TELL);
    let mut told = Vec::new();
    loop {
        let ended = tokio::select! {
            ended = streams.join_next() => Some(ended),
            _ = tell.tick() => None,
        };
        let standing: Vec<Progress> = ends
            .iter()
            .map(|&(stream, until)| Progress {
                stream,
                projected: positions.of(stream),
                target: until.target(),
            })
            .collect();
        if standing != told {
            progress(&standing);
            told = standing;
        }
        match ended {
            None => {}
            Some(None) => return Ok(()),
            Some(Some(ended)) => ended??,
        }
    }
}

async fn one(
    connection: Connection,
    database: PgPool,
    stream: &'static str,
    until: Until,
    positions: Positions,
) -> Result<(), Error> {
    let mut writer = Writer::open(database, stream, positions).await?;
    let scan = open(&connection, stream, writer.position(), until).await?;
    let (sender, mut batches) = mpsc::channel(AHEAD);
    // Reading and decoding go on while PostgreSQL writes.
    let reading = tokio::spawn(read(scan, sender));
    while let Some(batch) = batches.recv().await {
        writer.write(&batch).await?;
    }
    reading.await??;
    if let Until::At(sequence) = until {
        // The last messages may be gone, or be no events.
        writer.pass(sequence).await?;
    }
    Ok(())
}

/// `stream` after `position`.
pub(super) async fn open(
    connection: &Connection,
    stream: &'static str,
    position: u64,
    until: Until,
) -> Result<Scan, Error> {
    let extent = Extent {
        stream: stream.to_owned(),
        subjects: vec![],
        begin: Begin::At(position + 1),
        end: match until {
            Until::At(sequence) => End::At(sequence),
            Until::Before(time, _) => End::Before(time),
        },
        // Facts are only indexed.
        headers_only: stream != READ_BY_TOOLS,
    };
    Ok(Scan::open(connection, extent).await?)
}

async fn read(mut scan: Scan, batches: mpsc::Sender<Batch>) -> Result<(), Error> {
    while let Some(received) = some(&mut scan, MAXIMUM_BATCH).await? {
        if batches.send(Batch::decode(received)).await.is_err() {
            // Whoever writes them failed, and says so.
            break;
        }
    }
    Ok(())
}

/// The next `most` messages, or as many as are not too much to hold; nothing at the end.
pub(super) async fn some(scan: &mut Scan, most: usize) -> Result<Option<Vec<infragpt_nats::Received>>, Error> {
    let (mut received, mut bytes) = (Vec::new(), 0);
    while received.len() < most && bytes < MAXIMUM_BYTES {
        // Unconstrained: else Tokio's budget for one poll would have it wait after 128 messages.
        let Some(message) = unconstrained(scan.next()).await? else {
            break;
        };
        bytes += message.payload.len();
        received.push(message);
    }
    Ok((!received.is_empty()).then_some(received))
}

/// As far as `checkpoints` say, of every stream.
pub(super) fn as_far_as(checkpoints: &[crate::checkpoint::Checkpoint]) -> Vec<(&'static str, Until)> {
    let ends = STREAMS.iter().map(|&stream| {
        let found = checkpoints.iter().find(|checkpoint| checkpoint.stream == stream);
        let sequence = found.map_or(0, |checkpoint| u64::try_from(checkpoint.sequence).unwrap_or(0));
        (stream, Until::At(sequence))
    });
    ends.collect()
}
