//! A stream of one's own for a replayed history: everything in it is a copy, under subjects that nobody else reads.

use std::fmt;

use async_nats::HeaderMap;
use serde_json::json;

use crate::{Connection, Received, publish};

/// What the names of such streams begin with.
pub const PREFIX: &str = "REPLAY_";

/// How long a copy stays: an erasure does not reach it.
const MOST_AGE_NANOSECONDS: u64 = 7 * 24 * 60 * 60 * 1_000_000_000;

/// There is no such stream: <https://github.com/nats-io/nats-server/blob/main/server/errors.json>
const ABSENT: u64 = 10_059;
/// The name is in use, by a stream with another configuration.
const IN_USE: u64 = 10_058;

/// The name of a namespace: lower-case letters, digits and `_`, 32 at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace(String);

/// Why a namespace can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no name.
    #[error("`{0}` is no name of a namespace: up to 32 lower-case letters, digits and `_`")]
    Name(String),
    /// There is one of this name.
    #[error("there is a namespace `{0}` already")]
    Exists(Namespace),
    /// There is none of this name.
    #[error("there is no namespace `{0}`")]
    Absent(Namespace),
    /// JetStream refused, or did not answer.
    #[error("{operation} failed: {problem}")]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// What came back.
        problem: String,
    },
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Namespace {
    /// A namespace with this name.
    ///
    /// # Errors
    /// [`Error::Name`].
    pub fn parse(name: &str) -> Result<Self, Error> {
        let is_safe = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(is_safe) {
            return Err(Error::Name(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// Its stream.
    pub fn stream(&self) -> String {
        format!("{PREFIX}{}", self.0.to_uppercase())
    }

    /// Where a copy of what was published on `subject` stands.
    pub fn subject(&self, subject: &str) -> String {
        format!("replay.{}.{subject}", self.0)
    }

    /// Makes its stream, as `admin`.
    ///
    /// # Errors
    /// [`Error::Exists`] and [`Error::Refused`].
    pub async fn create(&self, admin: &Connection) -> Result<(), Error> {
        let stream = self.stream();
        let configuration = json!({
            "name": stream,
            "description": "A replayed history, which nobody reads but who replayed it: delete it when it is of no use any more",
            "subjects": [self.subject(">")],
            "retention": "limits",
            "storage": "file",
            "num_replicas": 1,
            "max_bytes": 1_073_741_824_i64,
            "max_age": MOST_AGE_NANOSECONDS,
            "discard": "new",
            "duplicate_window": 0,
            "allow_direct": true,
            "metadata": { "owner": "operator", "runbook": "nats/README.md#replays" },
        });
        // To the server, making the very same stream again is as good as making it: so it is looked for first.
        let info: Result<serde_json::Value, _> =
            publish::api(&admin.client, format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await;
        match info {
            Err(publish::Error::Refused { code: ABSENT, .. }) => {}
            Ok(_) => return Err(Error::Exists(self.clone())),
            Err(error) => return Err(refused("looking for the namespace's stream")(error)),
        }
        let created: Result<serde_json::Value, _> =
            publish::api(&admin.client, format!("$JS.API.STREAM.CREATE.{stream}"), &configuration).await;
        match created.map(drop) {
            Ok(()) => Ok(()),
            Err(publish::Error::Refused { code: IN_USE, .. }) => Err(Error::Exists(self.clone())),
            Err(error) => Err(refused("making the namespace's stream")(error)),
        }
    }

    /// Removes its stream with everything in it, as `admin`.
    ///
    /// # Errors
    /// [`Error::Absent`] and [`Error::Refused`].
    pub async fn delete(&self, admin: &Connection) -> Result<(), Error> {
        let subject = format!("$JS.API.STREAM.DELETE.{}", self.stream());
        let deleted: Result<serde_json::Value, _> = publish::api(&admin.client, subject, &json!({})).await;
        match deleted {
            Ok(_) => Ok(()),
            Err(publish::Error::Refused { code: ABSENT, .. }) => Err(Error::Absent(self.clone())),
            Err(error) => Err(refused("removing the namespace's stream")(error)),
        }
    }

    /// Stores a copy of `message`, as `operator`, and returns its sequence.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn store(&self, operator: &Connection, message: &Received) -> Result<u64, Error> {
        let mut headers = HeaderMap::new();
        for (name, values) in message.envelope.headers().iter() {
            // An event may be there as it was, and as it would be.
            if AsRef::<str>::as_ref(name) != "Nats-Msg-Id" {
                headers.insert(name.clone(), values[0].clone());
            }
        }
        headers.insert("Infragpt-Replayed-Stream", message.stream.as_str());
        let subject = self.subject(&message.subject);
        let stored = publish::publish(&operator.client, subject, headers, message.payload.clone()).await;
        stored.map(|stored| stored.sequence).map_err(refused("storing a copy"))
    }
}

fn refused(operation: &'static str) -> impl Fn(publish::Error) -> Error {
    move |error| Error::Refused {
        operation,
        problem: error.to_string(),
    }
}

/// What a copy's original was published on, and which stream that belongs to; nothing where it is no copy.
pub fn original(subject: &str) -> Option<(&'static str, &str)> {
    let mut tokens = subject.splitn(3, '.');
    let original = (tokens.next()? == "replay").then_some(tokens.nth(1)?)?;
    let stream = match original.split('.').next()? {
        "events" => "EVENTS",
        "raw" => match original.split('.').nth(1)? {
            "slack" => "RAW_SLACK",
            "github" => "RAW_GITHUB",
            "clerk" => "RAW_CLERK",
            _ => return None,
        },
        _ => return None,
    };
    Some((stream, original))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_leads_back_to_its_original() {
        let namespace = Namespace::parse("march").unwrap();
        assert_eq!(namespace.stream(), "REPLAY_MARCH");
        let subject = namespace.subject("raw.github.4242.push.-");
        assert_eq!(original(&subject), Some(("RAW_GITHUB", "raw.github.4242.push.-")));
        let subject = namespace.subject("events.change.acme.1.recorded");
        assert_eq!(original(&subject), Some(("EVENTS", "events.change.acme.1.recorded")));
        assert_eq!(original("raw.github.4242.push.-"), None);
        for name in ["", "March", "a.b", "a b", &"a".repeat(33)] {
            assert!(matches!(Namespace::parse(name), Err(Error::Name(_))), "{name}");
        }
    }
}
