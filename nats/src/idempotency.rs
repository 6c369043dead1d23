//! What was answered to each idempotency key, for a day: the bucket `IDEMPOTENCY_KEYS`.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

use async_nats::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::OrganizationId;
use ring::digest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Connection, direct, publish};

const STREAM: &str = "KV_IDEMPOTENCY_KEYS";

/// After this time a request that never ended is taken for one whose process was killed.
const RUNS_FOR: TimeDelta = TimeDelta::seconds(60);

/// For how long a command that is tried again is the same one. A stream knows for an hour what it has stored already.
const REPEATED_FOR: TimeDelta = TimeDelta::minutes(50);

/// Why the bucket can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error("the idempotency keys can't be read")]
    Read(#[from] direct::Error),
    /// It can't be written.
    #[error("the idempotency key can't be written: {0}")]
    Write(String),
}

/// A key that somebody chose, within what they may see: the same words of two people are two keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    organization: OrganizationId,
    hash: String,
}

impl IdempotencyKey {
    /// The key `chosen` by `user`, for `organization`. Only its hash is kept.
    pub fn new(organization: &OrganizationId, user: &str, chosen: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [organization.as_str(), user, chosen] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        Self {
            organization: organization.clone(),
            hash: hex(context.finish().as_ref()),
        }
    }

    fn subject(&self) -> String {
        format!("$KV.IDEMPOTENCY_KEYS.{}.{}", self.organization, self.hash)
    }
}

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: go on, and [`finish`](IdempotencyKeys::finish) or [`abandon`](IdempotencyKeys::abandon).
    Fresh(Ticket),
    /// The first request with it has not ended.
    Running,
    /// The first request with it was answered.
    Done(Recorded),
    /// It was used for another request.
    Other,
}

/// The right to say what came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    subject: String,
    attempt: Attempt,
    sequence: u64,
}

impl Ticket {
    /// What identifies the command that the request leads to: the same for as long as it is tried again and the streams know
    /// an event that they have already.
    pub fn command(&self) -> &str {
        &self.attempt.command
    }
}

/// One request, however often it is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Attempt {
    /// A hash of the request.
    fingerprint: String,
    /// What identifies the command.
    command: String,
    /// When it was tried for the first time.
    since: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    attempt: Attempt,
    begun_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recorded: Option<Recorded>,
    /// The first request came to nothing, so that another may have the key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    abandoned: bool,
}

/// The keys, with the permissions of a connection's role.
#[derive(Debug, Clone)]
pub struct IdempotencyKeys {
    connection: Connection,
}

impl IdempotencyKeys {
    /// The bucket with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
        }
    }

    /// Begins a request with `key`. `fingerprint` is all that makes it the same request: method, path and body.
    ///
    /// # Errors
    /// [`Error`]; then the request must not go on.
    pub async fn begin(&self, key: &IdempotencyKey, fingerprint: &[u8], now: DateTime<Utc>) -> Result<Begun, Error> {
        let fingerprint = hex(digest::digest(&digest::SHA256, fingerprint).as_ref());
        let subject = key.subject();
        let stored = direct::last_value(&self.connection.client, STREAM, &subject).await?;
        let expected = stored.as_ref().map_or(0, |stored| stored.sequence);
        let entry = stored
            .filter(|stored| !stored.is_copied())
            .and_then(|stored| serde_json::from_slice::<Entry>(&stored.payload).ok());
        let mut again = None;
        if let Some(entry) = entry {
            let is_same = entry.attempt.fingerprint == fingerprint;
            match entry.recorded {
                _ if !entry.abandoned && !is_same => return Ok(Begun::Other),
                Some(recorded) => return Ok(Begun::Done(recorded)),
                None if !entry.abandoned && now - entry.begun_at < RUNS_FOR => return Ok(Begun::Running),
                None => {
                    let is_known = is_same && now - entry.attempt.since < REPEATED_FOR;
                    again = Some(entry.attempt).filter(|_| is_known);
                }
            }
        }
        let attempt = again.unwrap_or_else(|| Attempt {
            fingerprint,
            command: Uuid::now_v7().to_string(),
            since: now,
        });
        let entry = Entry {
            attempt: attempt.clone(),
            begun_at: now,
            recorded: None,
            abandoned: false,
        };
        // Of two requests at once one is first, and the other finds it running.
        Ok(match self.write(&subject, expected, &entry).await? {
            Some(sequence) => Begun::Fresh(Ticket {
                subject,
                attempt,
                sequence,
            }),
            None => Begun::Running,
        })
    }

    /// Records what was answered; nothing where somebody else has the key by now.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub async fn finish(&self, ticket: Ticket, recorded: Recorded, now: DateTime<Utc>) -> Result<(), Error> {
        self.end(ticket, Some(recorded), now).await
    }

    /// Lets the key go: the request came to nothing that should be given again.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub async fn abandon(&self, ticket: Ticket, now: DateTime<Utc>) -> Result<(), Error> {
        self.end(ticket, None, now).await
    }

    async fn end(&self, ticket: Ticket, recorded: Option<Recorded>, now: DateTime<Utc>) -> Result<(), Error> {
        let entry = Entry {
            attempt: ticket.attempt,
            begun_at: now,
            abandoned: recorded.is_none(),
            recorded,
        };
        self.write(&ticket.subject, ticket.sequence, &entry).await.map(drop)
    }

    /// Writes an entry if its last one is `expected`, and says where it is then.
    async fn write(&self, subject: &str, expected: u64, entry: &Entry) -> Result<Option<u64>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
        let payload = serde_json::to_vec(entry).map_err(|error| Error::Write(error.to_string()))?;
        match publish::publish(&self.connection.client, subject.to_owned(), headers, payload.into()).await {
            Ok(acknowledged) => Ok(Some(acknowledged.sequence)),
            Err(publish::Error::Conflict) => Ok(None),
            Err(error) => Err(Error::Write(error.to_string())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_chooser_s() {
        let acme = OrganizationId::parse("acme").unwrap();
        let globex = OrganizationId::parse("globex").unwrap();
        let key = IdempotencyKey::new(&acme, "maya", "k-1");
        assert_eq!(key, IdempotencyKey::new(&acme, "maya", "k-1"));
        for other in [
            IdempotencyKey::new(&globex, "maya", "k-1"),
            IdempotencyKey::new(&acme, "tom", "k-1"),
            IdempotencyKey::new(&acme, "maya", "k-2"),
            IdempotencyKey::new(&acme, "mayak", "-1"),
        ] {
            assert_ne!(key.subject(), other.subject());
        }
    }
}
