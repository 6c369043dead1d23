//! Why a message became a dead letter, as its headers say.

use async_nats::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Log, Received, Start, direct, log};

/// Why a message became a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The stream that the message stands in.
    pub stream: String,
    /// Its sequence there.
    pub sequence: u64,
    /// The consumer that could not handle it.
    pub consumer: String,
    /// Why not.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u64,
}

impl Verdict {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let header = |name: &str| headers.get(name).map(|value| value.as_str().to_owned());
        Some(Self {
            stream: header("Infragpt-Dead-Stream")?,
            sequence: header("Infragpt-Dead-Sequence")?.parse().ok()?,
            consumer: header("Infragpt-Dead-Consumer")?,
            reason: header("Infragpt-Dead-Reason").unwrap_or_default(),
            attempts: header("Infragpt-Dead-Attempts")
                .and_then(|attempts| attempts.parse().ok())
                .unwrap_or(0),
        })
    }
}

/// Some dead letters, with why each became one.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// Those that are CloudEvents and say why, in order.
    pub letters: Vec<(Received, Verdict)>,
    /// The sequence to go on after.
    pub last: u64,
}

impl Log {
    /// Up to `most` dead letters on subjects that match `filter`; none when there are no more.
    ///
    /// # Errors
    /// [`log::Error::Read`].
    pub async fn dead_letters(
        &self,
        filter: &str,
        start: Start,
        most: usize,
    ) -> Result<Option<DeadLetters>, log::Error> {
        let start = match start {
            Start::After(sequence) => json!({ "seq": sequence + 1 }),
            Start::Since(time) => json!({ "start_time": time }),
        };
        let stream = "DEAD_LETTERS";
        let batch = direct::read_batch(&self.connection.client, stream, filter, &start, most).await?;
        let Some(last) = batch.last().map(|stored| stored.sequence) else {
            return Ok(None);
        };
        let read = |stored: direct::Stored| {
            let verdict = Verdict::read(&stored.headers)?;
            Some((stored.event(stream)?, verdict))
        };
        Ok(Some(DeadLetters {
            letters: batch.into_iter().filter_map(read).collect(),
            last,
        }))
    }
}
