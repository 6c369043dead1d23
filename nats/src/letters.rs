//! Dead letters, with why each became one, as its headers say.

use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Log, Received, Start, direct, erase, log};

const STREAM: &str = "DEAD_LETTERS";

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

/// A dead letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its sequence in DEAD_LETTERS.
    pub sequence: u64,
    /// When it became one, in the server's clock.
    pub published: DateTime<Utc>,
    /// The subject of the message, in its own stream.
    pub subject: String,
    /// Why it is one.
    pub verdict: Verdict,
    /// Its data.
    pub payload: Bytes,
    /// The letter as an event, if it is a CloudEvent.
    pub event: Option<Received>,
}

impl Letter {
    fn read(stored: direct::Stored) -> Option<Self> {
        let verdict = Verdict::read(&stored.headers)?;
        // `dead.<stream>.<consumer>.<subject>`
        let subject = stored.subject.splitn(4, '.').nth(3)?.to_owned();
        Some(Self {
            sequence: stored.sequence,
            published: stored.published,
            subject,
            verdict,
            payload: stored.payload.clone(),
            event: stored.event(STREAM),
        })
    }

    /// `DEAD_LETTERS#<sequence>`, which finds it again.
    pub fn place(&self) -> String {
        format!("{STREAM}#{}", self.sequence)
    }
}

/// Some dead letters, in order.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// Those that say why.
    pub letters: Vec<Letter>,
    /// The sequence to go on after.
    pub last: u64,
}

impl Log {
    /// Up to `most` dead letters on subjects that match `filter`, `dead.<stream>.<consumer>.<subject>`; none when there are no
    /// more.
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
        let batch = direct::read_batch(&self.connection.client, STREAM, filter, &start, most).await?;
        let Some(last) = batch.last().map(|stored| stored.sequence) else {
            return Ok(None);
        };
        Ok(Some(DeadLetters {
            letters: batch.into_iter().filter_map(Letter::read).collect(),
            last,
        }))
    }

    /// The dead letter with this sequence, if it is there.
    ///
    /// # Errors
    /// [`log::Error::Read`].
    pub async fn dead_letter(&self, sequence: u64) -> Result<Option<Letter>, log::Error> {
        let start = Start::After(sequence.saturating_sub(1));
        let found = self.dead_letters(">", start, 1).await?;
        let mut letters = found.into_iter().flat_map(|some| some.letters);
        Ok(letters.find(|letter| letter.sequence == sequence))
    }

    /// Takes a dead letter out of the server's files; whether it was there.
    ///
    /// # Errors
    /// [`log::Error::Api`].
    pub async fn remove_dead_letter(&self, sequence: u64) -> Result<bool, log::Error> {
        let deleted = erase::delete(&self.connection.client, STREAM, sequence).await;
        deleted.map_err(|error| log::Error::Api {
            subject: format!("$JS.API.STREAM.MSG.DELETE.{STREAM}"),
            problem: error.to_string(),
        })
    }
}
