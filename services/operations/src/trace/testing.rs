//! Cases that are made up.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use infragpt_nats::Verdict;
use serde_json::{Value, json};

use crate::{Case, Event, Found};

pub(crate) const CONVERSATION: &str = "5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04";
pub(crate) const ANSWER: &str = "0d9e5a7c-1111-5c6f-9d1b-6f1d8b6b3a04";

/// An event with nothing in it.
pub(crate) fn event(stream: &str, sequence: u64, id: &str) -> Event {
    Event {
        stream: stream.into(),
        sequence,
        subject: String::new(),
        stored_at: DateTime::UNIX_EPOCH,
        id: id.into(),
        source: "/".into(),
        kind: "dev.infragpt.test.happened.v1".into(),
        time: None,
        organization: Some("acme".into()),
        correlation: Some("Ev1".into()),
        causation: None,
        actor: None,
        attributes: BTreeMap::new(),
        data: Value::Null,
    }
}

/// After so many tenths of a millisecond.
pub(crate) fn after(tenths: i64, event: Event) -> Found {
    Found {
        event: Event {
            stored_at: event.stored_at + TimeDelta::microseconds(tenths * 100),
            ..event
        },
        is_gone: false,
        verdict: None,
    }
}

pub(crate) fn told(sequence: u64, id: &str, kind: &str, text: &str) -> Event {
    Event {
        subject: format!("raw.slack.T0ACME.{kind}"),
        kind: format!("com.slack.{kind}"),
        correlation: Some(id.into()),
        data: json!({ "event": { "type": kind, "channel": "C0OPS", "ts": "1.000100", "user": "U0MAYA", "text": text } }),
        ..event("RAW_SLACK", sequence, id)
    }
}

pub(crate) fn of_conversation(sequence: u64, name: &str, cause: &str, data: Value) -> Event {
    Event {
        subject: format!("events.conversation.acme.{CONVERSATION}.{name}"),
        kind: format!("dev.infragpt.conversation.{name}.v1"),
        causation: Some(cause.into()),
        actor: Some("slack:U0MAYA".into()),
        data,
        ..event("EVENTS", sequence, &format!("e{sequence}"))
    }
}

/// A question that Slack told of twice, its answer, what was recorded of it, and a consumer that could not take it.
pub(crate) fn question(text: &str) -> Case {
    let place = json!({ "connector": "slack", "account": "T0ACME", "channel": "C0OPS", "thread": "1.000100" });
    let message = json!({
        "id": "1.000100", "author": { "id": "U0MAYA", "name": "maya" }, "text": text, "sent_at": "1970-01-01T00:00:01Z",
    });
    let requested = json!({ "place": place, "message": message, "answer_id": ANSWER });
    let posted = json!({
        "answer_id": ANSWER, "message_id": "1.000100", "posted_id": "1.000200", "text": "4 changes", "agent": "built-in",
    });
    let audit = Event {
        subject: format!("events.audit.acme.{ANSWER}.recorded"),
        kind: "dev.infragpt.audit.recorded.v2".into(),
        correlation: Some(ANSWER.into()),
        causation: Some("credential_read/1".into()),
        actor: Some("system:conversations".into()),
        data: json!({
            "action": "credential_read", "connector": "slack", "purpose": "post", "count": 1,
            "first_at": "1970-01-01T00:00:01Z", "last_at": "1970-01-01T00:00:01Z",
        }),
        ..event("EVENTS", 9, "e9")
    };
    let asked = of_conversation(7, "answer_requested", "Ev1", requested);
    let letter = Found {
        verdict: Some(Verdict {
            stream: "EVENTS".into(),
            sequence: 7,
            consumer: "connections".into(),
            reason: "it is too strange".into(),
            attempts: 5,
        }),
        ..after(
            900,
            Event {
                stream: "DEAD_LETTERS".into(),
                sequence: 1,
                subject: format!("dead.EVENTS.connections.{}", asked.subject),
                ..asked.clone()
            },
        )
    };
    Case {
        events: vec![
            after(0, told(3, "Ev1", "app_mention", text)),
            after(8, told(4, "Ev1M", "message", text)),
            after(41, asked),
            after(381, of_conversation(8, "answer_posted", "e7", posted)),
            after(12_000, audit),
            letter,
        ],
        is_cut: false,
    }
}

mod tests {
    use super::*;
    use crate::Trace;

    #[test]
    fn a_case_is_a_tree() {
        insta::assert_snapshot!(Trace::build(question("what changed?")).tree(), @"");
    }

    #[test]
    fn a_case_is_a_chart() {
        let hostile = "\"]; click s0 href \"javascript:alert(1)\" <b>`x`</b> # &";
        insta::assert_snapshot!(Trace::build(question(hostile)).mermaid(), @"");
    }

    #[test]
    fn what_others_wrote_is_text_in_a_page() {
        let hostile = "<script>alert(1)</script> \" onmouseover=x ' </pre> \u{202e}evil\u{1b}[2J";
        let page = Trace::build(question(hostile)).html();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(page.contains("&quot; onmouseover"), "{page}");
        assert!(page.contains("\\u{202e}evil") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
        assert_eq!(page.matches("<details").count(), 6);
        assert_eq!(page.matches("</pre>").count(), 6);
        assert!(page.contains("dead after 5 tries of connections: it is too strange"));
        for outside in ["http://", "https://", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn causes_in_a_circle_end() {
        let circular = |sequence, cause: &str| of_conversation(sequence, "answer_failed", cause, json!({}));
        let case = Case {
            events: vec![
                after(0, circular(1, "e2")),
                after(1, circular(2, "e3")),
                after(2, circular(3, "e1")),
                after(3, circular(4, "e4")),
            ],
            is_cut: false,
        };
        let trace = Trace::build(case);
        assert_eq!(trace.steps.len(), 4);
        assert_eq!(trace.steps.iter().filter(|step| step.cause.is_none()).count(), 2);
    }

    #[test]
    fn what_is_gone_and_what_led_to_nothing_say_so() {
        let gone = Found {
            is_gone: true,
            ..after(
                0,
                Event {
                    data: Value::Null,
                    ..told(3, "Ev1", "message", "")
                },
            )
        };
        let asked = of_conversation(7, "answer_requested", "Ev0", json!({ "answer_id": ANSWER }));
        let notes: Vec<Vec<String>> = Trace::build(Case {
            events: vec![gone, after(1, asked)],
            is_cut: true,
        })
        .steps
        .into_iter()
        .map(|step| step.notes)
        .collect();
        insta::assert_debug_snapshot!(notes, @"");
    }
}
