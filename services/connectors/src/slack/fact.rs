//! What Slack's payloads are stored as. The hot path: it reads a few fields and builds no tree.

use std::collections::BTreeMap;

use chrono::DateTime;
use infragpt_nats::{Envelope, RawSubject};
use serde::Deserialize;

use super::redaction::SECRET_KEYS;
use crate::{Fact, redaction::redact, text::Text};

/// How a payload reached us; it names a payload that has no identifier of its own, and is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A verified request.
    Http {
        /// `x-slack-signature`.
        signature: String,
        /// `x-slack-request-timestamp`.
        timestamp: String,
        /// `x-slack-retry-num` and `x-slack-retry-reason`.
        retry: Option<(String, String)>,
    },
    /// An envelope of Socket Mode.
    Socket {
        /// Its `envelope_id`.
        envelope_id: String,
        /// `retry_attempt` and `retry_reason`, when it isn't the first attempt.
        retry: Option<(String, String)>,
    },
}

/// What a payload of the Events API asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Store it.
    Fact(Box<Fact>),
    /// Slack checks that the address is ours: echo this.
    Challenge(String),
}

/// Reads a payload of the Events API. One that isn't JSON is a fact too: its handler dead-letters it with the reason.
pub fn event(body: &[u8], origin: &Origin) -> Event {
    let Ok(head) = serde_json::from_slice::<EventHead>(body) else {
        return Event::Fact(Box::new(malformed(body, origin)));
    };
    if head.kind.as_deref() == Some("url_verification")
        && let Some(challenge) = &head.challenge
    {
        return Event::Challenge(challenge.to_string());
    }
    let inner = head.event.as_ref().and_then(|event| event.kind.as_deref());
    let kind = inner.or(head.kind.as_deref()).unwrap_or("unknown");
    let time = head.event_time.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let mut fact = build(head.account(), kind, head.event_id.as_deref(), body, origin);
    fact.envelope.time = time;
    Event::Fact(Box::new(fact))
}

/// Reads an interaction (a button, a dialog, a shortcut) as Socket Mode delivers it.
pub fn interaction(payload: &[u8], origin: &Origin) -> Fact {
    match serde_json::from_slice::<InteractionHead>(payload) {
        Ok(head) => build(
            head.account(),
            head.kind.as_deref().unwrap_or("unknown"),
            None,
            payload,
            origin,
        ),
        Err(_) => malformed(payload, origin),
    }
}

/// Reads a slash command as Socket Mode delivers it.
pub fn command(payload: &[u8], origin: &Origin) -> Fact {
    match serde_json::from_slice::<CommandHead>(payload) {
        Ok(head) => build(head.account(), "slash_commands", None, payload, origin),
        Err(_) => malformed(payload, origin),
    }
}

/// Reads a slash command as HTTP delivers it, a form, and stores it as Socket Mode delivers it, an object.
pub fn command_form(body: &[u8], origin: &Origin) -> Fact {
    match serde_urlencoded::from_bytes::<BTreeMap<String, String>>(body) {
        Ok(fields) => command(serde_json::json!(fields).to_string().as_bytes(), origin),
        Err(_) => unreadable_form(body, origin),
    }
}

/// Reads an interaction as HTTP delivers it, JSON in a form, and stores the JSON.
pub fn interaction_form(body: &[u8], origin: &Origin) -> Fact {
    match serde_urlencoded::from_bytes::<BTreeMap<String, String>>(body)
        .ok()
        .and_then(|mut fields| fields.remove("payload"))
    {
        Some(payload) => interaction(payload.as_bytes(), origin),
        None => unreadable_form(body, origin),
    }
}

/// A payload of a Socket Mode envelope of a kind that this build doesn't know.
pub fn other(kind: &str, payload: &[u8], origin: &Origin) -> Fact {
    match serde_json::from_slice::<EventHead>(payload) {
        Ok(head) => build(head.account(), kind, head.event_id.as_deref(), payload, origin),
        Err(_) => malformed(payload, origin),
    }
}

fn malformed(body: &[u8], origin: &Origin) -> Fact {
    build("", "malformed", None, body, origin)
}

/// A form without the fields it must have. Its secrets can't be told apart, so only its size is kept.
fn unreadable_form(body: &[u8], origin: &Origin) -> Fact {
    let note = format!(
        "an unreadable form of {} bytes, left out because it may hold credentials",
        body.len()
    );
    let mut fact = malformed(note.as_bytes(), origin);
    fact.envelope.datacontenttype = Some("text/plain".to_owned());
    fact.envelope
        .extensions
        .insert("redacted".to_owned(), "form".to_owned());
    fact
}

fn build(account: &str, kind: &str, id: Option<&str>, payload: &[u8], origin: &Origin) -> Fact {
    let (payload, redacted) = redact(payload.to_vec(), &SECRET_KEYS);
    let mut extensions = BTreeMap::new();
    if !redacted.is_empty() {
        extensions.insert("redacted".to_owned(), redacted.join(" "));
    }
    let fallback = describe(origin, &mut extensions);
    let id = id.map_or(fallback, str::to_owned);
    Fact {
        subject: RawSubject::slack(account, kind),
        envelope: Envelope {
            source: format!("/slack/{}", if account.is_empty() { "-" } else { account }),
            kind: format!("com.slack.{kind}"),
            datacontenttype: Some("application/json".to_owned()),
            correlation: Some(id.clone()),
            id,
            extensions,
            ..Envelope::default()
        },
        payload,
    }
}

/// Notes how the payload came, and returns the identifier of one that has none itself.
fn describe(origin: &Origin, extensions: &mut BTreeMap<String, String>) -> String {
    let mut note = |name: &str, value: &str| extensions.insert(name.to_owned(), value.to_owned());
    let (id, retry) = match origin {
        Origin::Http {
            signature,
            timestamp,
            retry,
        } => {
            note("slacktransport", "http");
            note("slacksignature", signature);
            note("slacktimestamp", timestamp);
            let digits = signature.strip_prefix("v0=").unwrap_or(signature);
            (format!("slack:{}", digits.get(..32).unwrap_or(digits)), retry)
        }
        Origin::Socket { envelope_id, retry } => {
            note("slacktransport", "socket");
            note("slackenvelope", envelope_id);
            (format!("slack:{envelope_id}"), retry)
        }
    };
    if let Some((number, reason)) = retry {
        note("slackretrynum", number);
        note("slackretryreason", reason);
    }
    id
}

#[derive(Deserialize)]
struct EventHead<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    event_id: Option<Text<'a>>,
    #[serde(borrow)]
    team_id: Option<Text<'a>>,
    #[serde(borrow)]
    enterprise_id: Option<Text<'a>>,
    #[serde(borrow)]
    challenge: Option<Text<'a>>,
    event_time: Option<i64>,
    #[serde(borrow)]
    event: Option<InnerHead<'a>>,
    #[serde(borrow)]
    authorizations: Option<Vec<AuthorizationHead<'a>>>,
}

#[derive(Deserialize)]
struct InnerHead<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct AuthorizationHead<'a> {
    #[serde(borrow)]
    team_id: Option<Text<'a>>,
    #[serde(borrow)]
    enterprise_id: Option<Text<'a>>,
}

impl EventHead<'_> {
    /// The workspace that installed us and sees this event, which in a shared channel isn't always the one it happened in.
    fn account(&self) -> &str {
        let authorization = self.authorizations.as_ref().and_then(|all| all.first());
        authorization
            .and_then(|authorization| authorization.team_id.as_deref())
            .or(self.team_id.as_deref())
            .or(authorization.and_then(|authorization| authorization.enterprise_id.as_deref()))
            .or(self.enterprise_id.as_deref())
            .unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct InteractionHead<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    team: Option<Identified<'a>>,
    #[serde(borrow)]
    enterprise: Option<Identified<'a>>,
}

#[derive(Deserialize)]
struct Identified<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

impl InteractionHead<'_> {
    fn account(&self) -> &str {
        self.team
            .as_ref()
            .or(self.enterprise.as_ref())
            .map_or("", |account| &account.id)
    }
}

#[derive(Deserialize)]
struct CommandHead<'a> {
    #[serde(borrow)]
    team_id: Option<Text<'a>>,
    #[serde(borrow)]
    enterprise_id: Option<Text<'a>>,
}

impl CommandHead<'_> {
    fn account(&self) -> &str {
        self.team_id
            .as_deref()
            .or(self.enterprise_id.as_deref())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
