//! How far behind the read models are.

use chrono::{DateTime, Utc};
use infragpt_nats::{Connection, feed};
use serde::Serialize;
use sqlx::PgPool;

use crate::checkpoint::{self, CONSUMER, STREAMS};

/// How far one stream has been projected, against how far it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamStatus {
    /// The stream.
    pub stream: String,
    /// The sequence of the last projected message.
    pub checkpoint: u64,
    /// The sequence of the last message that the stream was given, which it may no longer have.
    pub last_sequence: u64,
    /// How many sequences lie between; 0 also when the stream no longer has any of their messages.
    pub lag: u64,
    /// When the stream stored the last projected message.
    pub published_at: Option<DateTime<Utc>>,
}

/// Why the status is not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL can't be read.
    #[error("the checkpoints can't be read")]
    Database(#[from] sqlx::Error),
    /// NATS doesn't say how far a stream goes.
    #[error("stream `{stream}` can't be inspected")]
    Stream {
        /// Which stream.
        stream: &'static str,
        /// What was found.
        #[source]
        source: feed::Error,
    },
}

/// How far every projected stream is, in the order of [`STREAMS`].
///
/// # Errors
/// When PostgreSQL or NATS can't be asked.
pub async fn status(database: &PgPool, connection: &Connection) -> Result<Vec<StreamStatus>, Error> {
    let checkpoints = checkpoint::list(database).await?;
    let mut streams = Vec::with_capacity(STREAMS.len());
    for stream in STREAMS {
        let end = feed::end(connection, stream, CONSUMER)
            .await
            .map_err(|source| Error::Stream { stream, source })?;
        let found = checkpoints.iter().find(|checkpoint| checkpoint.stream == stream);
        let checkpoint = found
            .and_then(|checkpoint| u64::try_from(checkpoint.sequence).ok())
            .unwrap_or(0);
        streams.push(StreamStatus {
            stream: stream.to_owned(),
            checkpoint,
            last_sequence: end.last_sequence,
            lag: if end.is_reached(checkpoint) {
                0
            } else {
                end.last_sequence.saturating_sub(checkpoint)
            },
            published_at: found.and_then(|checkpoint| checkpoint.published_at),
        });
    }
    Ok(streams)
}
