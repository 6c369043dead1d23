//! What a replay tells people.

use infragpt_operations::{
    event::shortened,
    replay::{Appended, Change, Difference},
};
use serde_json::Value;

/// What it came to.
pub fn said(facts: u64, different: u64, is_whole: bool) -> String {
    let so_far = if is_whole { "" } else { " so far" };
    match (facts, different) {
        (0, _) => "there was nothing to replay".to_owned(),
        (facts, 0) => format!("this build decides the same on all {facts} facts{so_far}"),
        (facts, different) => format!("this build decides differently on {different} of {facts} facts{so_far}"),
    }
}

/// A difference, like a diff.
pub fn describe(difference: &Difference) -> String {
    let fact = &difference.fact;
    let mut lines = vec![format!(
        "{}#{}  {}  {}  {}",
        fact.stream,
        fact.sequence,
        fact.kind,
        fact.stored_at.format("%F %T UTC"),
        fact.id,
    )];
    for change in &difference.changes {
        lines.push(match change {
            Change::OnlyRecorded { event } => format!("  - {}: was appended, and would not be", named(event)),
            Change::OnlyReplayed { event } => {
                format!(
                    "  + {}: was not appended, and would be: {}",
                    named(event),
                    short(&event.data)
                )
            }
            Change::Payload {
                event,
                path,
                recorded,
                replayed,
            } => changed(event, path, recorded, replayed),
            Change::Fails { reason } => format!("  ! this build can't handle it: {reason}"),
            Change::NoLongerDead { letter } => {
                format!("  + this build can handle it, and it is a dead letter: DEAD_LETTERS#{letter}")
            }
        });
    }
    lines.join("\n")
}

fn named(event: &Appended) -> String {
    match event.sequence {
        Some(sequence) => format!("{} EVENTS#{sequence}", event.name()),
        None => event.name(),
    }
}

/// A value that is different: two texts of several lines line by line.
fn changed(event: &Appended, path: &str, recorded: &Value, replayed: &Value) -> String {
    let head = format!("  ~ {} at {path}", named(event));
    let (Value::String(was), Value::String(is)) = (recorded, replayed) else {
        return format!("{head}: {} → {}", short(recorded), short(replayed));
    };
    if !was.contains('\n') && !is.contains('\n') {
        return format!("{head}: {} → {}", short(recorded), short(replayed));
    }
    let mut lines = vec![format!("{head}:")];
    let diff = similar::TextDiff::from_lines(was, is);
    for hunk in diff.unified_diff().context_radius(1).iter_hunks() {
        for change in hunk.iter_changes() {
            lines.push(format!("    {}{}", change.tag(), change.value().trim_end()));
        }
    }
    lines.join("\n")
}

fn short(value: &Value) -> String {
    shortened(&value.to_string(), 120)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn differences_read_like_a_diff() {
        let event = |sequence, data| Appended {
            sequence,
            id: Uuid::nil(),
            subject: format!("events.conversation.acme.{}.answer_posted", Uuid::nil()),
            data,
        };
        let difference = Difference {
            fact: infragpt_operations::replay::Fact {
                stream: "EVENTS".into(),
                sequence: 18,
                id: "5b0f".into(),
                kind: "dev.infragpt.conversation.answer_requested.v1".into(),
                subject: "events.x".into(),
                stored_at: DateTime::UNIX_EPOCH,
            },
            changes: vec![
                Change::Payload {
                    event: event(Some(19), Value::Null),
                    path: "/text".into(),
                    recorded: json!("**4 changes**\n- a\n- b\n"),
                    replayed: json!("**3 changes**\n- a\n"),
                },
                Change::Payload {
                    event: event(Some(19), Value::Null),
                    path: "/agent".into(),
                    recorded: json!("x"),
                    replayed: json!(null),
                },
                Change::OnlyReplayed {
                    event: event(None, json!({ "text": "hi" })),
                },
                Change::NoLongerDead { letter: 3 },
            ],
        };
        insta::assert_snapshot!(describe(&difference), @r#"
        EVENTS#18  dev.infragpt.conversation.answer_requested.v1  1970-01-01 00:00:00 UTC  5b0f
          ~ conversation.answer_posted EVENTS#19 at /text:
            -**4 changes**
            +**3 changes**
             - a
            -- b
          ~ conversation.answer_posted EVENTS#19 at /agent: "x" → null
          + conversation.answer_posted: was not appended, and would be: {"text":"hi"}
          + this build can handle it, and it is a dead letter: DEAD_LETTERS#3
        "#);
        assert_eq!(
            said(12_480, 3, true),
            "this build decides differently on 3 of 12480 facts"
        );
        assert_eq!(said(7, 0, false), "this build decides the same on all 7 facts so far");
    }
}
