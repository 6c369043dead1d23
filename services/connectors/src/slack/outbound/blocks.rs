//! How an answer looks in Slack. <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    buttons,
    draft::{Step, StepState},
    markdown,
    mrkdwn::{escape, to_mrkdwn},
};

/// Marks our answers in their metadata, so that one that was posted can be found again.
pub(super) const METADATA_EVENT: &str = "infragpt_answer";

/// What a context block takes, in characters.
const LONGEST_CONTEXT: usize = 2_900;

/// One message of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub text: &'a str,
    pub index: usize,
    pub count: usize,
    /// What stands below the answer, in small letters.
    pub footer: Option<&'a str>,
    /// Whether the whole answer follows as a file.
    pub has_file: bool,
}

impl<'a> Part<'a> {
    /// Each message of an answer.
    pub fn all(texts: &'a [String], footer: Option<&'a str>) -> impl Iterator<Item = Self> {
        texts.iter().enumerate().map(move |(index, text)| Self {
            text,
            index,
            count: texts.len(),
            footer,
            has_file: false,
        })
    }

    fn is_last(&self) -> bool {
        self.index + 1 == self.count
    }
}

/// The body of `chat.postMessage`.
pub(super) fn message(channel: &str, thread: &str, answer_id: Uuid, part: Part, with_blocks: bool) -> Value {
    let mut payload = json!({ "answer_id": answer_id });
    if part.count > 1 {
        payload["part"] = part.index.into();
        payload["parts"] = part.count.into();
    }
    if part.has_file {
        payload["file"] = true.into();
    }
    let footer = part.footer.filter(|footer| part.is_last() && !footer.trim().is_empty());
    let footer = footer.map(|footer| to_mrkdwn(&markdown::neutralize(footer)));
    let mut text = to_mrkdwn(part.text);
    let mut message = json!({
        "channel": channel,
        "thread_ts": thread,
        "metadata": { "event_type": METADATA_EVENT, "event_payload": payload },
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if with_blocks {
        let mut blocks = vec![json!({ "type": "markdown", "text": part.text })];
        blocks.extend(footer.as_deref().map(context));
        if part.is_last() {
            blocks.push(feedback(answer_id));
        }
        message["blocks"] = blocks.into();
    } else if let Some(footer) = footer {
        text = format!("{text}\n\n{footer}");
    }
    message["text"] = text.into();
    message
}

/// The body of `chat.stopStream`: the rest of the first part, and what a whole message has.
pub(super) fn end_of_stream(channel: &str, ts: &str, answer_id: Uuid, part: Part, rest: &str) -> Value {
    let whole = message(channel, "", answer_id, part, true);
    let mut body = json!({ "channel": channel, "ts": ts, "metadata": whole["metadata"] });
    if !rest.is_empty() {
        body["chunks"] = json!([{ "type": "markdown_text", "text": rest }]);
    }
    // What was streamed stands above these.
    let blocks: Vec<Value> = whole["blocks"]
        .as_array()
        .into_iter()
        .flatten()
        .skip(1)
        .cloned()
        .collect();
    if !blocks.is_empty() {
        body["blocks"] = blocks.into();
    }
    body
}

/// The body of `chat.postEphemeral`.
pub(super) fn whispered(channel: &str, user: &str, answer_id: Uuid, part: Part) -> Value {
    let mut body = message(channel, "", answer_id, part, true);
    if let Some(fields) = body.as_object_mut() {
        for field in ["thread_ts", "metadata", "unfurl_links", "unfurl_media"] {
            fields.remove(field);
        }
    }
    body["user"] = user.into();
    body
}

/// The body of a message that shows the beginning of an answer, and is changed as that grows.
pub(super) fn draft(channel: &str, answer_id: Uuid, text: &str, steps: &[Step]) -> Value {
    let mut blocks = Vec::new();
    if !steps.is_empty() {
        let lines: Vec<String> = steps.iter().map(line).collect();
        blocks.push(context(&lines.join("\n")));
    }
    if !text.is_empty() {
        blocks.push(json!({ "type": "markdown", "text": format!("{text} …") }));
    }
    blocks.push(json!({
        "type": "actions",
        "elements": [{
            "type": "button",
            "text": { "type": "plain_text", "text": "Stop" },
            "action_id": buttons::STOP,
            "value": answer_id,
            "style": "danger",
        }],
    }));
    json!({
        "channel": channel,
        "text": if text.is_empty() { "…".to_owned() } else { to_mrkdwn(text) },
        "blocks": blocks,
        "metadata": {
            "event_type": METADATA_EVENT,
            "event_payload": { "answer_id": answer_id, "draft": true },
        },
    })
}

fn line(step: &Step) -> String {
    let mark = match step.state {
        StepState::Running => "…",
        StepState::Done => "✓",
        StepState::Failed => "✗",
    };
    format!("{mark} {}", escape(&markdown::neutralize(&step.title)))
}

/// A line in small letters.
fn context(mrkdwn: &str) -> Value {
    let text: String = mrkdwn.chars().take(LONGEST_CONTEXT).collect();
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] })
}

fn feedback(answer_id: Uuid) -> Value {
    let button = |text: &str, verdict: &str, label: &str| {
        json!({
            "text": { "type": "plain_text", "text": text },
            "value": format!("{verdict}:{answer_id}"),
            "accessibility_label": label,
        })
    };
    json!({
        "type": "context_actions",
        "elements": [{
            "type": "feedback_buttons",
            "action_id": buttons::FEEDBACK,
            "positive_button": button("Good answer", "good", "Mark this answer as good"),
            "negative_button": button("Bad answer", "bad", "Mark this answer as bad"),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Part<'_> {
        Part {
            text,
            index: 0,
            count: 1,
            footer: None,
            has_file: false,
        }
    }

    #[test]
    fn an_answer_carries_text_metadata_and_feedback() {
        let part = only("**2** changes");
        insta::assert_json_snapshot!(message("C1", "1.2", Uuid::nil(), part, true));
    }

    #[test]
    fn a_long_answer_asks_for_feedback_once_and_numbers_its_parts() {
        let texts = ["a".to_owned(), "b".to_owned()];
        let parts = Part::all(&texts, Some("in 2 s"));
        let messages: Vec<Value> = parts
            .map(|part| message("C1", "1.2", Uuid::nil(), part, true))
            .collect();
        let [first, last] = &messages[..] else {
            panic!("{messages:?}")
        };
        assert_eq!(first["blocks"].as_array().unwrap().len(), 1);
        assert_eq!(last["blocks"].as_array().unwrap().len(), 3);
        assert_eq!(last["blocks"][1]["elements"][0]["text"], "in 2 s");
        assert_eq!(last["metadata"]["event_payload"]["part"], 1);
        assert_eq!(last["metadata"]["event_payload"]["parts"], 2);
    }

    #[test]
    fn the_beginning_of_an_answer_can_be_stopped() {
        let step = |id: &str, title: &str, state| Step {
            id: id.into(),
            title: title.into(),
            state,
        };
        let steps = [
            step("1", "reads <changes> @here", StepState::Done),
            step("2", "reads runs", StepState::Running),
        ];
        insta::assert_json_snapshot!(draft("C1", Uuid::nil(), "**2** changes", &steps));
    }

    #[test]
    fn the_end_of_a_stream_brings_what_a_whole_message_has() {
        let part = only("one two");
        insta::assert_json_snapshot!(end_of_stream("C1", "1.5", Uuid::nil(), part, " two"));
    }

    #[test]
    fn what_one_person_sees_can_not_be_found_again() {
        let part = only("psst");
        let body = whispered("C1", "U1", Uuid::nil(), part);
        assert_eq!((body["user"].as_str(), body.get("metadata")), (Some("U1"), None));
    }

    #[test]
    fn text_alone_has_no_blocks() {
        let part = only("a");
        assert!(message("C1", "1.2", Uuid::nil(), part, false).get("blocks").is_none());
        let part = Part {
            footer: Some("by **nobody** @here"),
            ..only("a")
        };
        let alone = message("C1", "1.2", Uuid::nil(), part, false);
        assert_eq!(alone["text"], "a\n\nby *nobody* @\u{200B}here");
    }
}
