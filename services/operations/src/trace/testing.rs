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
            letter,
            after(12_000, audit),
        ],
        is_cut: false,
    }
}

mod tests {
    use super::*;
    use crate::Trace;

    #[test]
    fn a_case_is_a_tree() {
        insta::assert_snapshot!(Trace::build(&question("what changed?")).tree(), @r#"
        6 steps in 1.2 s, from 1970-01-01 00:00:00.000 UTC

        Slack told of app_mention in T0ACME, channel C0OPS, by U0MAYA: what changed?
          RAW_SLACK#3 · at 0.0 ms · - · raw.slack.T0ACME.app_mention
        └─ +4.1 ms  maya asked: what changed?
             EVENTS#7 · at 4.1 ms · slack:U0MAYA · events.conversation.acme.5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04.answer_requested
           ├─ +34 ms  built-in answered: 4 changes
           │    EVENTS#8 · at 38 ms · slack:U0MAYA · events.conversation.acme.5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04.answer_posted
           ├─ +85 ms  connections could not handle a message of EVENTS
           │  ! dead after 5 tries of connections: it is too strange
           │    DEAD_LETTERS#1 · at 90 ms · slack:U0MAYA · dead.EVENTS.connections.events.conversation.acme.5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04.answer_requested
           └─ +1.1 s  audit: system:conversations, credential read of slack for post
                EVENTS#9 · at 1.2 s · system:conversations · events.audit.acme.0d9e5a7c-1111-5c6f-9d1b-6f1d8b6b3a04.recorded

        Slack told of message in T0ACME, channel C0OPS, by U0MAYA: what changed?
        ! decided nothing: RAW_SLACK#3 told of the same message
          RAW_SLACK#4 · at 0.8 ms · - · raw.slack.T0ACME.message
        "#);
    }

    #[test]
    fn a_case_is_a_chart() {
        let hostile = "\"]; click s0 href \"javascript:alert(1)\" <b>`x`</b> # &";
        insta::assert_snapshot!(Trace::build(&question(hostile)).mermaid(), @r##"
        flowchart TD
            s0["com.slack.app_mention<br>Slack told of app_mention in T0ACME, channel C0OPS, by U0MAYA: #34;#93;#59; click s0 hre…<br>RAW_SLACK#35;3, -, at 0.0 ms"]:::fact
            s1["conversation.answer_requested<br>maya asked: #34;#93;#59; click s0 href #34;javascript:alert#40;1#41;#34; #60;b#62;#96;x#96;#60;/b#62; #35; #38;<br>EVENTS#35;7, slack:U0MAYA, at 4.1 ms"]
            s2["conversation.answer_posted<br>built-in answered: 4 changes<br>EVENTS#35;8, slack:U0MAYA, at 38 ms"]
            s3["conversation.answer_requested<br>connections could not handle a message of EVENTS<br>DEAD_LETTERS#35;1, slack:U0MAYA, at 90 ms<br>dead after 5 tries of connections: it is too strange"]:::dead
            s4["audit.recorded<br>audit: system:conversations, credential read of slack for post<br>EVENTS#35;9, system:conversations, at 1.2 s"]
            s5["com.slack.message<br>Slack told of message in T0ACME, channel C0OPS, by U0MAYA: #34;#93;#59; click s0 href #34;j…<br>RAW_SLACK#35;4, -, at 0.8 ms<br>decided nothing: RAW_SLACK#35;3 told of the same message"]:::fact
            s0 -->|"+4.1 ms"| s1
            s1 -->|"+34 ms"| s2
            s1 -->|"+85 ms"| s3
            s1 -->|"+1.1 s"| s4
            classDef fact stroke-dasharray: 4 3
            classDef dead stroke:#c00
        "##);
    }

    #[test]
    fn what_others_wrote_is_text_in_a_page() {
        let hostile = "<script>alert(1)</script> \" onmouseover=x ' </pre> \u{202e}evil\u{1b}[2J";
        let page = Trace::build(&question(hostile)).html();
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
        let trace = Trace::build(&case);
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
        let notes: Vec<Vec<String>> = Trace::build(&Case {
            events: vec![gone, after(1, asked)],
            is_cut: true,
        })
        .steps
        .into_iter()
        .map(|step| step.notes)
        .collect();
        insta::assert_debug_snapshot!(notes, @r#"
        [
            [
                "RAW_SLACK no longer has it: only the index tells of it",
            ],
            [
                "follows from Ev0, which is not in the log",
                "nothing recorded after it",
                "the payload of `conversation.answer_requested` version 1 can't be read: missing field `place` at line 1 column 52",
            ],
        ]
        "#);
    }
}
