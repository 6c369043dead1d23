//! The frames of Socket Mode, read without a tree.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Fact,
    slack::fact::{self, Event, Origin},
    text::{Text, json_problem},
};

/// What a frame asks for.
#[derive(Debug)]
pub(super) enum Frame {
    /// Slack is ready to send.
    Hello,
    /// Slack is about to close, or closes, the connection.
    Disconnect(Disconnect),
    /// Store the fact, then acknowledge the envelope.
    Envelope {
        /// What to acknowledge.
        id: String,
        /// What to store; nothing in an envelope without a payload.
        fact: Option<Box<Fact>>,
    },
    /// Something that can't be acknowledged, for this reason.
    Unreadable(String),
}

/// Why Slack ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// In about ten seconds.
    Warning,
    /// Now, because the backend wants to.
    RefreshRequested,
    /// Socket Mode was turned off.
    LinkDisabled,
    /// More than ten connections.
    TooManyWebsockets,
    /// Something else.
    Other(String),
}

impl Disconnect {
    fn parse(reason: &str) -> Self {
        match reason {
            "warning" => Self::Warning,
            "refresh_requested" => Self::RefreshRequested,
            "link_disabled" => Self::LinkDisabled,
            "too_many_websockets" => Self::TooManyWebsockets,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Disconnect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
            Self::TooManyWebsockets => "too_many_websockets",
            Self::Other(other) => other,
        })
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    envelope_id: Option<Text<'a>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    retry_attempt: Option<u32>,
    #[serde(borrow)]
    retry_reason: Option<Text<'a>>,
}

/// Reads one text frame.
pub(super) fn read(text: &str) -> Frame {
    let raw: Raw = match serde_json::from_str(text) {
        Ok(raw) => raw,
        Err(error) => return Frame::Unreadable(json_problem(&error)),
    };
    let kind = raw.kind.as_deref().unwrap_or_default();
    let Some(envelope_id) = raw.envelope_id.as_deref() else {
        return match kind {
            "hello" => Frame::Hello,
            "disconnect" => Frame::Disconnect(Disconnect::parse(raw.reason.as_deref().unwrap_or("no reason given"))),
            other => Frame::Unreadable(format!("a frame of type `{other}` without an envelope_id")),
        };
    };
    let retry = raw.retry_attempt.filter(|attempt| *attempt > 0).map(|attempt| {
        (
            attempt.to_string(),
            raw.retry_reason.as_deref().unwrap_or_default().to_owned(),
        )
    });
    let origin = Origin::Socket {
        envelope_id: envelope_id.to_owned(),
        retry,
    };
    let fact = raw
        .payload
        .and_then(|payload| to_fact(kind, payload.get().as_bytes(), &origin));
    Frame::Envelope {
        id: envelope_id.to_owned(),
        fact,
    }
}

fn to_fact(kind: &str, payload: &[u8], origin: &Origin) -> Option<Box<Fact>> {
    match kind {
        "events_api" => match fact::event(payload, origin) {
            Event::Fact(fact) => Some(fact),
            Event::Challenge(_) => None,
        },
        "interactive" => Some(Box::new(fact::interaction(payload, origin))),
        "slash_commands" => Some(Box::new(fact::command(payload, origin))),
        other => Some(Box::new(fact::other(other, payload, origin))),
    }
}

/// The frame that acknowledges an envelope.
pub(super) fn acknowledgement(envelope_id: &str) -> String {
    serde_json::json!({ "envelope_id": envelope_id }).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(text: &str) -> (String, Fact) {
        match read(text) {
            Frame::Envelope { id, fact: Some(fact) } => (id, *fact),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_event_is_stored_as_over_http() {
        let payload = include_str!("../fixtures/app_mention.json");
        let text = format!(
            r#"{{"envelope_id":"e-1","payload":{payload},"type":"events_api","accepts_response_payload":false,"retry_attempt":2,"retry_reason":"timeout"}}"#
        );
        let (id, fact) = envelope(&text);
        assert_eq!(id, "e-1");
        assert_eq!(fact.subject.to_string(), "raw.slack.T0ACME.app_mention");
        assert_eq!(fact.envelope.id, "Ev0MENTION1");
        assert_eq!(fact.envelope.extensions["slackenvelope"], "e-1");
        assert_eq!(fact.envelope.extensions["slackretrynum"], "2");
        assert_eq!(acknowledgement(&id), r#"{"envelope_id":"e-1"}"#);
    }

    #[test]
    fn commands_interactions_and_tomorrows_envelopes_are_stored() {
        for (kind, payload, subject) in [
            (
                "slash_commands",
                r#"{"command":"/infragpt","team_id":"T1"}"#,
                "raw.slack.T1.slash_commands",
            ),
            (
                "interactive",
                r#"{"type":"block_actions","team":{"id":"T1"}}"#,
                "raw.slack.T1.block_actions",
            ),
            ("of_tomorrow", r#"{"team_id":"T1"}"#, "raw.slack.T1.of_tomorrow"),
        ] {
            let (_, fact) = envelope(&format!(
                r#"{{"type":"{kind}","envelope_id":"e-2","payload":{payload}}}"#
            ));
            assert_eq!(fact.subject.to_string(), subject);
            assert_eq!(fact.envelope.id, "slack:e-2");
        }
    }

    #[test]
    fn what_slack_says_of_the_connection_is_understood() {
        assert!(matches!(read(r#"{"type":"hello","num_connections":1}"#), Frame::Hello));
        for reason in [
            "warning",
            "refresh_requested",
            "link_disabled",
            "too_many_websockets",
            "of_tomorrow",
        ] {
            let frame = read(&format!(r#"{{"type":"disconnect","reason":"{reason}"}}"#));
            let Frame::Disconnect(disconnect) = frame else {
                panic!("{frame:?}")
            };
            assert_eq!(disconnect.to_string(), reason);
        }
    }

    #[test]
    fn what_cannot_be_acknowledged_is_named() {
        for text in ["", "{", "7", r#"{"type":"of_tomorrow"}"#, r#"{"type":7}"#] {
            assert!(matches!(read(text), Frame::Unreadable(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_frame_is_taken(text in ".*") {
            read(&text);
        }
    }
}
