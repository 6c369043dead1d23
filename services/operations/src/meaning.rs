//! What an event says, in words.

mod domain;
mod fact;

use chrono::TimeDelta;
use infragpt_events::{
    DomainEvent, action::ActionEvent, audit::AuditEvent, change::ChangeEvent, channel::ChannelEvent,
    conversation::ConversationEvent, integration::IntegrationEvent, organization::OrganizationEvent,
    policy::PolicyEvent, user::UserEvent,
};
use infragpt_nats::{DecodeFailure, Envelope, Received, decode_event};
use serde::Serialize;

use crate::Event;

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// In a sentence.
    pub words: String,
    /// Why this build can't tell, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Meaning {
    /// What `event` says. It is told from what is shown of it, so there is no secret in it.
    pub fn of(event: &Event) -> Self {
        let said = match event.subject.split('.').collect::<Vec<_>>()[..] {
            ["events", "conversation", ..] => decoded::<ConversationEvent>(event, domain::conversation),
            ["events", "integration", ..] => decoded::<IntegrationEvent>(event, domain::integration),
            ["events", "organization", ..] => decoded::<OrganizationEvent>(event, domain::organization),
            ["events", "user", ..] => decoded::<UserEvent>(event, domain::user),
            ["events", "action", ..] => decoded::<ActionEvent>(event, domain::action),
            ["events", "channel", ..] => decoded::<ChannelEvent>(event, domain::channel),
            ["events", "policy", ..] => decoded::<PolicyEvent>(event, domain::policy),
            ["events", "change", ..] => decoded::<ChangeEvent>(event, domain::change),
            ["events", "audit", ..] => decoded::<AuditEvent>(event, |recorded| domain::audit(event, recorded)),
            ["raw", ..] => Ok(fact::words(event)),
            ["dead", stream, consumer, ..] => Ok(format!("{consumer} could not handle a message of {stream}")),
            _ => Ok(plainly(event)),
        };
        match said {
            Ok(words) => Self { words, problem: None },
            Err(failure) => Self {
                words: plainly(event),
                problem: Some(problem(event, &failure)),
            },
        }
    }
}

/// What can be said of any event.
fn plainly(event: &Event) -> String {
    let summary = event.summary();
    let name = event.short_kind().replace(['_', '.'], " ");
    if summary.is_empty() {
        name
    } else {
        format!("{name}: {summary}")
    }
}

fn decoded<E: DomainEvent>(event: &Event, say: impl FnOnce(&E) -> String) -> Result<String, DecodeFailure> {
    let received = Received {
        envelope: Envelope {
            id: event.id.clone(),
            source: event.source.clone(),
            kind: event.kind.clone(),
            ..Envelope::default()
        },
        payload: event.data.to_string().into(),
        stream: event.stream.clone(),
        subject: event.subject.clone(),
        sequence: event.sequence,
        published: event.stored_at,
        delivered: 0,
    };
    decode_event::<E>(&received).map(|decoded| say(&decoded.event))
}

fn problem(event: &Event, failure: &DecodeFailure) -> String {
    if event.data.is_null() {
        return "its payload is gone".to_owned();
    }
    let source = std::error::Error::source(failure).map_or_else(String::new, |source| format!(": {source}"));
    format!("{failure}{source}")
}

/// `text` on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How long something took, as people say it; less than nothing, which clocks of several servers can give, is nothing.
pub fn elapsed(time: TimeDelta) -> String {
    let time = time.max(TimeDelta::zero());
    let (seconds, minutes, hours, days) = (
        time.num_seconds(),
        time.num_minutes(),
        time.num_hours(),
        time.num_days(),
    );
    let thousandths = time.num_microseconds().unwrap_or(i64::MAX);
    match () {
        () if thousandths < 10_000 => format!("{}.{} ms", thousandths / 1000, thousandths % 1000 / 100),
        () if seconds == 0 => format!("{} ms", time.num_milliseconds()),
        () if minutes == 0 => format!("{seconds}.{} s", time.num_milliseconds() % 1000 / 100),
        () if hours == 0 => format!("{minutes} min {} s", seconds % 60),
        () if days == 0 => format!("{hours} h {} min", minutes % 60),
        () => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trace::testing::event;

    #[test]
    fn times_are_said_as_people_say_them() {
        for (microseconds, expected) in [
            (-5, "0.0 ms"),
            (4_150, "4.1 ms"),
            (38_900, "38 ms"),
            (2_340_000, "2.3 s"),
            (200_000_000, "3 min 20 s"),
            (18_180_000_000, "5 h 3 min"),
            (180_000_000_000, "2 d 2 h"),
        ] {
            assert_eq!(elapsed(TimeDelta::microseconds(microseconds)), expected);
        }
    }

    #[test]
    fn events_are_said_in_words_and_secrets_are_not() {
        let said = |name: &str, version: u32, data: serde_json::Value| {
            let mut event = event("EVENTS", 1, "e1");
            let (aggregate, rest) = name.split_once('.').unwrap();
            event.subject = format!("events.{aggregate}.acme.5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04.{rest}");
            event.kind = format!("dev.infragpt.{name}.v{version}");
            event.data = data;
            Meaning::of(&event)
        };
        let degraded = said("integration.degraded", 1, json!({ "reason": "Slack is down" }));
        assert_eq!(degraded.words, "degraded: Slack is down");
        let newer = said("integration.degraded", 7, json!({ "reason": "Slack is down" }));
        assert_eq!(newer.words, "integration degraded: Slack is down");
        let problem = newer.problem.unwrap();
        assert!(
            problem.contains("version 7") && problem.contains("upgrade it"),
            "{problem}"
        );
        let unknown = said("integration.imagined", 1, json!({}));
        assert!(unknown.problem.unwrap().contains("imagined"));
        let broken = said("integration.degraded", 1, json!({ "reason": 7 }));
        assert!(broken.problem.unwrap().contains("can't be read: invalid type"));
    }
}
