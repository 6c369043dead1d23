//! A stored event as people and scripts get to see it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_nats::{Envelope, Received, envelope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::redaction::{redact, redact_json};

/// A fact or an event, without secrets: what `--json` prints and what expressions look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The stream that holds it.
    pub stream: String,
    /// Its sequence there.
    pub sequence: u64,
    /// The subject that it was published on.
    pub subject: String,
    /// When the stream stored it, in the server's clock.
    pub stored_at: DateTime<Utc>,
    /// `ce-id`.
    pub id: String,
    /// `ce-source`.
    pub source: String,
    /// `ce-type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `ce-time`: when it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<DateTime<Utc>>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The fact that the case began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Every other attribute, by its name in the specification.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The payload: JSON, or text where it is none.
    pub data: Value,
}

/// The attributes that have a field of their own.
const FIELDS: [&str; 8] = [
    "id",
    "source",
    "type",
    "time",
    "organizationid",
    "correlationid",
    "causationid",
    "actor",
];

impl From<&Received> for Event {
    fn from(received: &Received) -> Self {
        let envelope = &received.envelope;
        let attributes = envelope.attributes().into_iter();
        let attributes = attributes
            .filter(|(name, _)| !FIELDS.contains(name))
            .map(|(name, value)| {
                let shown = if name.ends_with("signature") {
                    "[redacted]".to_owned()
                } else {
                    redact(&value).into_owned()
                };
                (name.to_owned(), shown)
            })
            .collect();
        let mut data = match serde_json::from_slice(&received.payload) {
            Ok(data) => data,
            Err(_) => Value::String(String::from_utf8_lossy(&received.payload).into_owned()),
        };
        redact_json(&mut data);
        Self {
            stream: received.stream.clone(),
            sequence: received.sequence,
            subject: received.subject.clone(),
            stored_at: received.published,
            id: envelope.id.clone(),
            source: envelope.source.clone(),
            kind: envelope.kind.clone(),
            time: envelope.time,
            organization: organization(received),
            correlation: envelope.correlation.clone(),
            causation: envelope.causation.clone(),
            actor: envelope.actor.clone(),
            attributes,
            data,
        }
    }
}

impl Event {
    /// The stored event again, with a payload that has no secrets.
    ///
    /// # Errors
    /// When an attribute is not what it should be.
    pub fn restore(self) -> Result<Received, envelope::Error> {
        let optional = [
            ("time", self.time.map(|time| time.to_rfc3339())),
            ("organizationid", self.organization),
            ("correlationid", self.correlation),
            ("causationid", self.causation),
            ("actor", self.actor),
        ];
        let named = [("id", self.id), ("source", self.source), ("type", self.kind)];
        let optional = optional
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let attributes = named.into_iter().map(|(name, value)| (name.to_owned(), value));
        let envelope = Envelope::from_attributes(attributes.chain(optional).chain(self.attributes))?;
        Ok(Received {
            envelope,
            payload: match self.data {
                // What is no JSON was shown as text; JSON that is nothing but a text is nobody's payload.
                Value::String(text) => text.into(),
                data => data.to_string().into(),
            },
            stream: self.stream,
            subject: self.subject,
            sequence: self.sequence,
            published: self.stored_at,
            delivered: 0,
        })
    }
}

/// Whose an event is: the token of its subject, by which its stream is guarded, or what a fact says of itself.
pub fn organization(received: &Received) -> Option<String> {
    match (received.token(0), received.token(1)) {
        (Some("events"), _) => received.token(2).filter(|token| *token != "-").map(str::to_owned),
        _ => received.envelope.organization.clone(),
    }
}

impl Event {
    /// `<stream>#<sequence>`, which finds it again.
    pub fn place(&self) -> String {
        format!("{}#{}", self.stream, self.sequence)
    }

    /// The event's name without what is the same for all: `conversation.answer_posted`, `com.slack.message`.
    pub fn short_kind(&self) -> &str {
        short_kind(&self.kind)
    }

    /// What it is about in one line, from whatever of its payload says most.
    pub fn summary(&self) -> String {
        const PATHS: [&str; 13] = [
            "/text",
            "/message/text",
            "/event/text",
            "/title",
            "/reason",
            "/refused",
            "/purpose",
            "/event/message/text",
            "/command",
            "/name",
            "/resources/0/name",
            "/head_commit/message",
            "/pull_request/title",
        ];
        let found = PATHS
            .iter()
            .find_map(|path| self.data.pointer(path)?.as_str().filter(|text| !text.is_empty()));
        let text = found
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        shortened(&text, 80)
    }
}

/// `text`, cut to `most` characters with an ellipsis for the rest.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A type without the prefix and the version that all of ours have.
pub fn short_kind(kind: &str) -> &str {
    let Some(rest) = kind.strip_prefix("dev.infragpt.") else {
        return kind;
    };
    match rest.rsplit_once(".v") {
        Some((name, version)) if version.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_short_where_they_are_ours() {
        assert_eq!(
            short_kind("dev.infragpt.conversation.answer_posted.v1"),
            "conversation.answer_posted"
        );
        assert_eq!(short_kind("com.github.push"), "com.github.push");
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
