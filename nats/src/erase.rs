//! Taking messages out of the log, so that their bytes are in no file of the server any more.
//!
//! A purge, a limit and a replaced value only forget a message: its bytes stay in their file until the server compacts it. A
//! message that is deleted by itself, without `no_erase`, is overwritten:
//! <https://docs.nats.io/reference/reference-protocols/nats_api_reference>
//!
//! nats-server 2.15 writes the whole block of messages around it again for that, up to 8 MB, while nobody else can write to
//! the stream: about 10 ms for each. Sixty-four at a time are no faster than one, and leave everybody else 26 publishes a
//! second of 1500. So there is one at a time, and after it as long a pause as it took, which leaves them 1800 of 3700.

use std::{sync::Arc, time::Duration};

use async_nats::Client;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use infragpt_events::ConnectorKind;
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use crate::{Connection, Token, definition, direct, publish};

/// How many messages one page lists.
const PAGE: usize = 512;

/// How many bytes one page may have, besides its last message: a webhook can have 25 MB.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// The longest pause between two deletions, for a server that answers late for another reason.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How often one is tried while the server does not answer.
const TRIES: u32 = 5;

/// 10037 and 10057: no message found; 10043: sequence not found.
const ABSENT: [u64; 3] = [10_037, 10_043, 10_057];

/// The header of a dead letter that says where its original stands.
const DEAD_SEQUENCE: &str = "Infragpt-Dead-Sequence";

/// Why something can't be erased.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be listed.
    #[error(transparent)]
    Read(#[from] direct::Error),
    /// Nobody knows how far a consumer is.
    #[error("how far consumer `{consumer}` of {stream} is can't be found out: {problem}")]
    Consumer {
        /// Its stream.
        stream: String,
        /// Which one.
        consumer: String,
        /// What went wrong.
        problem: String,
    },
    /// It can't be deleted.
    #[error("message {sequence} of {stream} can't be erased: {problem}")]
    Delete {
        /// Its stream.
        stream: String,
        /// Where it stands there.
        sequence: u64,
        /// What went wrong.
        problem: String,
    },
}

/// A stored message that may be erased, whatever it is.
#[derive(Debug, Clone)]
pub struct Erasable {
    /// Where it stands in its stream.
    pub sequence: u64,
    /// What it was published on.
    pub subject: String,
    /// When the stream stored it, in the server's clock.
    pub published: DateTime<Utc>,
    /// Where a dead letter's original stands in its own stream.
    pub original: Option<u64>,
    /// Its data.
    pub payload: Bytes,
}

/// How far a consumer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handled {
    /// The sequence of the newest message that somebody was given.
    pub given: u64,
    /// Everything up to this sequence has an outcome.
    pub up_to: u64,
}

/// The stream that keeps what an account of a connector says, and what the subjects of it begin with, the last dot
/// included; none for a connector whose facts are not kept.
pub fn facts_of(connector: &ConnectorKind, account: &str) -> Option<(String, String)> {
    let stream = format!("RAW_{}", connector.as_str().to_uppercase());
    let file = format!("streams/{stream}.json");
    let is_kept = definition::STREAMS.iter().any(|(path, _)| *path == file);
    let token = Token::encode(account).to_string();
    // What is filed there belongs to no account.
    let is_one = token != "-" && token != "app";
    (is_kept && is_one).then(|| (stream, format!("raw.{connector}.{token}.")))
}

/// Whether what an account says can be filed under others: a Slack enterprise, whose workspaces say it.
///
/// <https://docs.slack.dev/enterprise/organization-ready-apps>
pub fn is_filed_elsewhere(connector: &ConnectorKind, account: &str) -> bool {
    connector.as_str() == "slack" && account.starts_with('E')
}

/// Lists and erases messages, as far as `connection`'s role may. Clones take turns.
#[derive(Debug, Clone)]
pub struct Eraser {
    connection: Connection,
    turn: Arc<Mutex<()>>,
}

impl Eraser {
    /// With the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            turn: Arc::default(),
        }
    }

    /// The next messages of `stream` on subjects that match `filter`, after sequence `after`, in order; none at the end. It is
    /// a page, in number and in size, however much there is.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn page(&self, stream: &str, filter: &str, after: u64) -> Result<Vec<Erasable>, Error> {
        let start = json!({ "seq": after + 1, "max_bytes": PAGE_BYTES });
        let page = direct::read_batch(&self.connection.client, stream, filter, &start, PAGE).await?;
        Ok(page.into_iter().map(Erasable::of).collect())
    }

    /// Where the newest message of `stream` on subjects that match `filter` stands; none when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn newest(&self, stream: &str, filter: &str) -> Result<Option<u64>, Error> {
        let newest = direct::newest(&self.connection.client, stream, filter).await?;
        Ok(newest.map(|stored| stored.sequence))
    }

    /// How far `consumer` of `stream` is; none when there is no such consumer.
    ///
    /// # Errors
    /// [`Error::Consumer`].
    pub async fn handled(&self, stream: &str, consumer: &str) -> Result<Option<Handled>, Error> {
        #[derive(Deserialize)]
        struct Info {
            delivered: Place,
            ack_floor: Place,
            num_ack_pending: u64,
        }
        #[derive(Deserialize)]
        struct Place {
            stream_seq: u64,
        }
        let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}");
        match publish::api(&self.connection.client, subject, &json!({})).await {
            Ok(Info {
                delivered,
                ack_floor,
                num_ack_pending,
            }) => Ok(Some(Handled {
                given: delivered.stream_seq,
                up_to: if num_ack_pending == 0 {
                    delivered.stream_seq
                } else {
                    ack_floor.stream_seq
                },
            })),
            // 10014: consumer not found.
            Err(publish::Error::Refused { code: 10_014, .. }) => Ok(None),
            Err(error) => Err(Error::Consumer {
                stream: stream.to_owned(),
                consumer: consumer.to_owned(),
                problem: error.to_string(),
            }),
        }
    }

    /// Where the first message of `stream` stands that was stored at `time` or later; none when there is none.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn first_since(&self, stream: &str, time: DateTime<Utc>) -> Result<Option<u64>, Error> {
        let start = json!({ "start_time": time });
        let first = direct::read_batch(&self.connection.client, stream, ">", &start, 1).await?;
        Ok(first.first().map(|stored| stored.sequence))
    }

    /// Erases one message of `stream`; whether it was there. One that is gone already is fine, so that it can be repeated.
    ///
    /// # Errors
    /// [`Error::Delete`].
    pub async fn erase(&self, stream: &str, sequence: u64) -> Result<bool, Error> {
        let _turn = self.turn.lock().await;
        let started = Instant::now();
        let erased = self.try_to_erase(stream, sequence).await;
        tokio::time::sleep(started.elapsed().min(LONGEST_PAUSE)).await;
        erased
    }

    async fn try_to_erase(&self, stream: &str, sequence: u64) -> Result<bool, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match delete(&self.connection.client, stream, sequence).await {
                // After a try without an answer it was most probably that one which deleted it.
                Ok(was_there) => return Ok(was_there || tries > 1),
                Err(publish::Error::Unavailable(_)) if tries < TRIES => {}
                Err(error) => {
                    return Err(Error::Delete {
                        stream: stream.to_owned(),
                        sequence,
                        problem: error.to_string(),
                    });
                }
            }
        }
    }
}

/// Takes one message out of the server's files; whether it was there.
pub(crate) async fn delete(client: &Client, stream: &str, sequence: u64) -> Result<bool, publish::Error> {
    #[derive(Deserialize)]
    struct Deleted {
        success: bool,
    }
    // Without `no_erase` the server overwrites what the message was.
    let subject = format!("$JS.API.STREAM.MSG.DELETE.{stream}");
    match publish::api(client, subject, &json!({ "seq": sequence })).await {
        Ok(Deleted { success: true }) => Ok(true),
        Ok(Deleted { success: false }) => Err(publish::Error::Unavailable("the server did not do it".to_owned())),
        Err(publish::Error::Refused { code, .. }) if ABSENT.contains(&code) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Erasable {
    fn of(stored: direct::Stored) -> Self {
        let original = stored.headers.get(DEAD_SEQUENCE);
        Self {
            original: original.and_then(|sequence| sequence.as_str().parse().ok()),
            sequence: stored.sequence,
            subject: stored.subject,
            published: stored.published,
            payload: stored.payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_account_says_is_its_own() {
        let facts = |connector: &str, account: &str| facts_of(&ConnectorKind::parse(connector).unwrap(), account);
        let pair = |stream: &str, prefix: &str| Some((stream.to_owned(), prefix.to_owned()));
        assert_eq!(facts("slack", "T1"), pair("RAW_SLACK", "raw.slack.T1."));
        assert_eq!(facts("github", "42"), pair("RAW_GITHUB", "raw.github.42."));
        assert_eq!(facts("slack", "a.>"), pair("RAW_SLACK", "raw.slack.a=2E=3E."));
        assert_eq!(facts("forge", "F1"), None, "nothing of it is kept");
        let is_wide = |account| is_filed_elsewhere(&ConnectorKind::parse("slack").unwrap(), account);
        assert!(is_wide("E1") && !is_wide("T1"));
        for nobodys in ["", "-", "app"] {
            assert_eq!(facts("github", nobodys), None, "{nobodys}");
        }
    }
}
