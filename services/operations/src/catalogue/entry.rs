//! What is known of each event besides its payload: where it goes, who writes it and who reads it.

use infragpt_events::{
    DomainEvent as _, OrganizationId,
    catalogue::{self, Description},
    user::UserEvent,
};
use infragpt_nats::definition::{CONSUMERS, STREAMS};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value, json};

use super::permission::{Users, overlap};

/// A durable consumer, and the role that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reader {
    /// The consumer.
    pub consumer: String,
    /// Whose it is.
    pub role: String,
}

impl Reader {
    /// A role that reads without a consumer of another name.
    pub(super) fn of(role: String) -> Self {
        Self {
            consumer: role.clone(),
            role,
        }
    }
}

/// One event in today's version, with all that is known of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name, version, meaning, schema and example.
    pub event: Description,
    /// The stream that keeps it.
    pub stream: String,
    /// Its subject, with what differs between two of them in braces.
    pub subject: String,
    /// The NATS users that may append it.
    pub appended_by: Vec<String>,
    /// The consumers that get it.
    pub read_by: Vec<Reader>,
}

impl Entry {
    /// The name of its channel: what stays when it gets another version.
    pub(super) fn channel(&self) -> String {
        format!("{}.{}", self.event.aggregate, self.event.name)
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let example: Value = serde_json::from_str(self.event.example).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.event.kind())?;
        map.serialize_entry("aggregate", self.event.aggregate)?;
        map.serialize_entry("event", self.event.name)?;
        map.serialize_entry("version", &self.event.version)?;
        map.serialize_entry("meaning", self.event.meaning)?;
        map.serialize_entry("stream", &self.stream)?;
        map.serialize_entry("subject", &self.subject)?;
        map.serialize_entry("appended_by", &self.appended_by)?;
        map.serialize_entry("read_by", &self.read_by)?;
        map.serialize_entry("schema", &self.event.schema)?;
        map.serialize_entry("example", &example)?;
        map.end()
    }
}

/// Every event that this build writes, by aggregate.
pub fn entries() -> Vec<Entry> {
    let users = Users::embedded();
    catalogue::all()
        .into_iter()
        .map(|event| {
            let pattern = format!("events.{}.*.*.{}", event.aggregate, event.name);
            let stream = stream(&pattern);
            Entry {
                appended_by: users.publishers(&pattern),
                read_by: readers(&stream, &pattern),
                subject: subject(&event),
                stream,
                event,
            }
        })
        .collect()
}

/// People belong to no organization.
fn subject(event: &Description) -> String {
    let organization = if event.aggregate == UserEvent::AGGREGATE {
        OrganizationId::nobody().to_string()
    } else {
        "{organization}".to_owned()
    };
    format!("events.{}.{organization}.{{id}}.{}", event.aggregate, event.name)
}

/// The definitions in `files`, as JSON.
fn definitions(files: &'static [(&str, &str)]) -> impl Iterator<Item = (&'static str, Value)> {
    let read = |text| serde_json::from_str(text).unwrap_or_else(|error| unreachable!("a file of this build: {error}"));
    files.iter().map(move |(path, text)| (*path, read(text)))
}

/// The stream that keeps what `pattern` matches.
pub(super) fn stream(pattern: &str) -> String {
    let keeps = |stream: &Value| {
        let subjects = stream["subjects"].as_array().into_iter().flatten();
        subjects
            .filter_map(Value::as_str)
            .any(|subject| overlap(subject, pattern))
    };
    definitions(STREAMS)
        .find(|(_, stream)| keeps(stream))
        .and_then(|(_, stream)| stream["name"].as_str().map(str::to_owned))
        .unwrap_or_else(|| unreachable!("every subject has a stream: {pattern}"))
}

/// The consumers of `stream` that get what `pattern` matches.
pub(super) fn readers(stream: &str, pattern: &str) -> Vec<Reader> {
    let folder = format!("consumers/{stream}/");
    definitions(CONSUMERS)
        .filter(|(path, _)| path.starts_with(&folder))
        .filter(|(_, consumer)| {
            let filters = json!([consumer["filter_subject"], consumer["filter_subjects"]]);
            let filters: Vec<&str> = filters
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|filter| filter.as_array().map_or(std::slice::from_ref(filter), Vec::as_slice))
                .filter_map(Value::as_str)
                .collect();
            filters.is_empty() || filters.iter().any(|filter| overlap(filter, pattern))
        })
        .map(|(_, consumer)| Reader {
            consumer: consumer["name"].as_str().unwrap_or_default().to_owned(),
            role: consumer["metadata"]["owner"].as_str().unwrap_or_default().to_owned(),
        })
        .collect()
}
