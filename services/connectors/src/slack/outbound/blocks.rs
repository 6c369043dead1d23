//! How an answer looks in Slack. <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::{Value, json};
use uuid::Uuid;

use super::mrkdwn::to_mrkdwn;

/// Marks our answers in their metadata, so that one that was posted can be found again.
pub(super) const METADATA_EVENT: &str = "infragpt_answer";

/// What pressing a feedback button is called in the interaction that follows.
pub(super) const FEEDBACK_ACTION: &str = "infragpt_feedback";

/// One message of an answer.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub text: &'a str,
    pub index: usize,
    pub count: usize,
}

/// The body of `chat.postMessage`.
pub(super) fn message(channel: &str, thread: &str, answer_id: Uuid, part: Part, with_blocks: bool) -> Value {
    let mut payload = json!({ "answer_id": answer_id });
    if part.count > 1 {
        payload["part"] = part.index.into();
        payload["parts"] = part.count.into();
    }
    let mut message = json!({
        "channel": channel,
        "thread_ts": thread,
        "text": to_mrkdwn(part.text),
        "metadata": { "event_type": METADATA_EVENT, "event_payload": payload },
        "unfurl_links": false,
        "unfurl_media": false,
    });
    if with_blocks {
        let mut blocks = vec![json!({ "type": "markdown", "text": part.text })];
        if part.index + 1 == part.count {
            blocks.push(feedback(answer_id));
        }
        message["blocks"] = blocks.into();
    }
    message
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
            "action_id": FEEDBACK_ACTION,
            "positive_button": button("Good answer", "good", "Mark this answer as good"),
            "negative_button": button("Bad answer", "bad", "Mark this answer as bad"),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_carries_text_metadata_and_feedback() {
        let part = Part {
            text: "**2** changes",
            index: 0,
            count: 1,
        };
        insta::assert_json_snapshot!(message("C1", "1.2", Uuid::nil(), part, true));
    }

    #[test]
    fn a_long_answer_asks_for_feedback_once_and_numbers_its_parts() {
        let first = message(
            "C1",
            "1.2",
            Uuid::nil(),
            Part {
                text: "a",
                index: 0,
                count: 2,
            },
            true,
        );
        let last = message(
            "C1",
            "1.2",
            Uuid::nil(),
            Part {
                text: "b",
                index: 1,
                count: 2,
            },
            true,
        );
        assert_eq!(first["blocks"].as_array().unwrap().len(), 1);
        assert_eq!(last["blocks"].as_array().unwrap().len(), 2);
        assert_eq!(last["metadata"]["event_payload"]["part"], 1);
        assert_eq!(last["metadata"]["event_payload"]["parts"], 2);
    }

    #[test]
    fn text_alone_has_no_blocks() {
        let part = Part {
            text: "a",
            index: 0,
            count: 1,
        };
        assert!(message("C1", "1.2", Uuid::nil(), part, false).get("blocks").is_none());
    }
}
