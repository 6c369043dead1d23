//! Streams and consumers as files: the same that `nats stream add --config` and `nats consumer add --config` take.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::{Connection, publish, subject::is_match};

macro_rules! embedded {
    ($($path:literal),+ $(,)?) => { &[$(($path, include_str!(concat!("../", $path)))),+] };
}

/// The files under `nats/streams`: path and JSON.
pub const STREAMS: &[(&str, &str)] = embedded!(
    "streams/RAW_SLACK.json",
    "streams/RAW_GITHUB.json",
    "streams/RAW_CLERK.json",
    "streams/EVENTS.json",
    "streams/CREDENTIALS.json",
    "streams/DEAD_LETTERS.json",
    "streams/KV_CONNECTOR_ACCOUNTS.json",
    "streams/KV_CREDENTIAL_KEYS.json",
    "streams/KV_IDEMPOTENCY_KEYS.json",
);

/// The files under `nats/consumers/<stream>`: path and JSON.
pub const CONSUMERS: &[(&str, &str)] = embedded!(
    "consumers/RAW_SLACK/slack_handler.json",
    "consumers/RAW_SLACK/projections.json",
    "consumers/RAW_GITHUB/github_handler.json",
    "consumers/RAW_GITHUB/projections.json",
    "consumers/RAW_CLERK/clerk_handler.json",
    "consumers/RAW_CLERK/projections.json",
    "consumers/EVENTS/conversations.json",
    "consumers/EVENTS/actions.json",
    "consumers/EVENTS/expiries.json",
    "consumers/EVENTS/notices.json",
    "consumers/EVENTS/connections.json",
    "consumers/EVENTS/disconnections.json",
    "consumers/EVENTS/erasures.json",
    "consumers/EVENTS/projections.json",
);

/// The server configuration that goes with them: one user for each role.
pub const SERVER_CONFIGURATION: &str = include_str!("../server.conf");

/// The users that the server's configuration knows, in its order.
pub fn users() -> impl Iterator<Item = &'static str> {
    SERVER_CONFIGURATION
        .lines()
        .filter_map(|line| line.trim().strip_prefix("{ user: ")?.split(',').next())
}

/// The variable that the server, and whoever connects as `user`, has the password in.
pub fn password_variable(user: &str) -> String {
    format!("INFRAGPT_NATS_PASSWORD_{}", user.to_uppercase())
}

/// Why definitions can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file isn't what it should be.
    #[error("{path} is not a valid definition: {problem}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server refused, or did not answer.
    #[error("{subject} failed: {problem}")]
    Server {
        /// What was asked.
        subject: String,
        /// What came back.
        problem: String,
    },
}

/// What one definition means for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `stream EVENTS` or `consumer EVENTS/conversations`.
    pub name: String,
    /// What has to happen.
    pub kind: ChangeKind,
}

/// What has to happen for a definition to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is missing.
    Create,
    /// It differs in these fields: name, what the server has, what the file says.
    Update(Vec<(String, Value, Value)>),
    /// Nothing.
    Unchanged,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ChangeKind::Create => write!(formatter, "+ {}", self.name),
            ChangeKind::Unchanged => write!(formatter, "= {}", self.name),
            ChangeKind::Update(fields) => {
                write!(formatter, "~ {}", self.name)?;
                for (field, server, file) in fields {
                    write!(formatter, "\n    {field}: {server} -> {file}")?;
                }
                Ok(())
            }
        }
    }
}

/// One stream or consumer.
#[derive(Debug, Clone)]
struct Definition {
    /// The stream, for a consumer.
    parent: Option<String>,
    name: String,
    configuration: Map<String, Value>,
}

/// All definitions, for a number of replicas.
#[derive(Debug, Clone)]
pub struct Definitions {
    all: Vec<Definition>,
}

impl Definitions {
    /// The definitions that this build was made with. `replicas` is 1 on a single server and 3 in production.
    ///
    /// # Errors
    /// [`Error::File`] when a file isn't valid.
    pub fn embedded(replicas: u8) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (path, text) in STREAMS {
            let mut definition = parse(path, text, "name")?;
            definition
                .configuration
                .insert("num_replicas".to_owned(), json!(replicas));
            all.push(definition);
        }
        for (path, text) in CONSUMERS {
            let mut definition = parse(path, text, "durable_name")?;
            definition.parent = path.split('/').nth(1).map(str::to_owned);
            all.push(definition);
        }
        Ok(Self { all })
    }

    /// What applying them would change.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub async fn check(&self, connection: &Connection) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for definition in &self.all {
            changes.push(definition.compare(connection).await?);
        }
        Ok(changes)
    }

    /// Makes the server as the definitions say, and returns what that changed. Applying twice changes nothing.
    ///
    /// # Errors
    /// [`Error::Server`], also for a field that the server does not know.
    pub async fn apply(&self, connection: &Connection) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for definition in &self.all {
            let change = definition.compare(connection).await?;
            definition.apply(connection, &change.kind).await?;
            changes.push(change);
        }
        Ok(changes)
    }

    /// The durable consumers of `stream` that are given what is on `subject`.
    pub fn consumers_of(&self, stream: &str, subject: &str) -> impl Iterator<Item = &str> {
        self.all
            .iter()
            .filter(move |definition| definition.parent.as_deref() == Some(stream) && definition.wants(subject))
            .map(|definition| definition.name.as_str())
    }

    /// The names of the streams and buckets.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.all
            .iter()
            .filter(|definition| definition.parent.is_none())
            .map(|definition| definition.name.as_str())
    }

    /// The consumers: their stream, their name, and the role that reads through them.
    pub fn consumers(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.all.iter().filter_map(|definition| {
            let owner = definition.configuration.get("metadata")?["owner"].as_str()?;
            Some((definition.parent.as_deref()?, definition.name.as_str(), owner))
        })
    }
}

fn parse(path: &str, text: &str, name_field: &str) -> Result<Definition, Error> {
    let invalid = |problem: String| Error::File {
        path: path.to_owned(),
        problem,
    };
    let configuration: Map<String, Value> = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    let name = configuration
        .get(name_field)
        .and_then(Value::as_str)
        .ok_or_else(|| invalid(format!("`{name_field}` is missing")))?
        .to_owned();
    Ok(Definition {
        parent: None,
        name,
        configuration,
    })
}

impl Definition {
    fn label(&self) -> String {
        match &self.parent {
            None => format!("stream {}", self.name),
            Some(stream) => format!("consumer {stream}/{}", self.name),
        }
    }

    /// Whether a consumer is given what is on `subject`.
    fn wants(&self, subject: &str) -> bool {
        let one = self.configuration.get("filter_subject").into_iter();
        let many = self.configuration.get("filter_subjects").and_then(Value::as_array);
        let mut filters = one
            .chain(many.into_iter().flatten())
            .filter_map(Value::as_str)
            .peekable();
        filters.peek().is_none() || filters.any(|filter| is_match(filter, subject))
    }

    fn subject(&self, verb: &str) -> String {
        match &self.parent {
            None => format!("$JS.API.STREAM.{verb}.{}", self.name),
            Some(stream) => format!("$JS.API.CONSUMER.{verb}.{stream}.{}", self.name),
        }
    }

    async fn compare(&self, connection: &Connection) -> Result<Change, Error> {
        let subject = self.subject("INFO");
        let kind = match publish::api::<Value>(&connection.client, subject.clone(), &json!({})).await {
            Ok(info) => match self.differences(&info["config"]) {
                fields if fields.is_empty() => ChangeKind::Unchanged,
                fields => ChangeKind::Update(fields),
            },
            // 10059: no such stream, 10014: no such consumer.
            Err(publish::Error::Refused {
                code: 10_059 | 10_014, ..
            }) => ChangeKind::Create,
            Err(error) => {
                return Err(Error::Server {
                    subject,
                    problem: error.to_string(),
                });
            }
        };
        Ok(Change {
            name: self.label(),
            kind,
        })
    }

    /// The fields of the file that the server has otherwise. What the server adds by itself does not count.
    fn differences(&self, server: &Value) -> Vec<(String, Value, Value)> {
        self.configuration
            .iter()
            .filter_map(|(field, file)| {
                let found = &server[field];
                let same = match (field.as_str(), file) {
                    ("metadata", Value::Object(entries)) => entries.iter().all(|(key, value)| &found[key] == value),
                    _ => found == file || (found.is_null() && is_default(file)),
                };
                (!same).then(|| (field.clone(), found.clone(), file.clone()))
            })
            .collect()
    }

    async fn apply(&self, connection: &Connection, kind: &ChangeKind) -> Result<(), Error> {
        let verb = match (kind, &self.parent) {
            (ChangeKind::Unchanged, _) => return Ok(()),
            (ChangeKind::Update(_), None) => "UPDATE",
            (ChangeKind::Create, _) | (ChangeKind::Update(_), Some(_)) => "CREATE",
        };
        let mut subject = self.subject(verb);
        let request = match &self.parent {
            None => json!(self.configuration),
            Some(stream) => {
                if let Some(filter) = self.configuration.get("filter_subject").and_then(Value::as_str) {
                    subject = format!("{subject}.{filter}");
                }
                json!({ "stream_name": stream, "config": self.configuration })
            }
        };
        let answer: Result<Value, _> = publish::api(&connection.client, subject.clone(), &request).await;
        answer.map(drop).map_err(|error| Error::Server {
            subject,
            problem: error.to_string(),
        })
    }
}

/// Whether the server leaves this value out of its answer.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn files(directory: &str) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        let mut waiting = vec![root.join(directory)];
        while let Some(next) = waiting.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found
    }

    #[test]
    fn every_file_is_embedded() {
        for (directory, embedded) in [("streams", STREAMS), ("consumers", CONSUMERS)] {
            let embedded: BTreeSet<String> = embedded.iter().map(|(path, _)| (*path).to_owned()).collect();
            assert_eq!(files(directory), embedded);
        }
    }

    #[test]
    fn every_definition_is_described_and_owned() {
        for definition in Definitions::embedded(1).unwrap().all {
            let field = |name: &str| definition.configuration.get(name).cloned().unwrap_or_default();
            assert!(
                field("description").as_str().is_some_and(|text| text.len() > 20),
                "{}",
                definition.label()
            );
            for entry in ["owner", "runbook"] {
                assert!(
                    field("metadata")[entry].is_string(),
                    "{} has no {entry}",
                    definition.label()
                );
            }
        }
    }

    #[test]
    fn no_event_stream_lets_messages_expire_alone_or_be_rolled_up() {
        for (path, text) in STREAMS.iter().filter(|(path, _)| !path.contains("KV_")) {
            for forbidden in [
                "allow_msg_ttl",
                "allow_rollup_hdrs",
                "allow_msg_schedules",
                "deny_delete",
                "deny_purge",
            ] {
                assert!(!text.contains(forbidden), "{path} has {forbidden}");
            }
        }
    }

    #[test]
    fn only_what_the_file_says_is_compared() {
        let definition = Definition {
            parent: None,
            name: "S".into(),
            configuration: json!({"a": 1, "zero": 0, "metadata": {"owner": "x"}})
                .as_object()
                .unwrap()
                .clone(),
        };
        let server = json!({"a": 1, "metadata": {"owner": "x", "_nats.level": "4"}, "more": true});
        assert_eq!(definition.differences(&server), []);
        let server = json!({"a": 2, "metadata": {"owner": "x"}});
        assert_eq!(definition.differences(&server), [("a".into(), json!(2), json!(1))]);
    }
}
