//! `connector.v1.slack.propose` and `connector.v1.slack.decided`: people are asked whether something may happen, and the
//! message that asked them says what came of it.
//!
//! The request of `propose`, besides `organization` and `account`; `title`, `diff` and `look_first` may be left out:
//! ```json
//! {"channel": "C0OPS", "thread": "1.000100", "answer_id": "<uuid>", "action_id": "<uuid>", "title": "Re-run CI",
//!  "what": "Re-run the failed jobs of run 7", "where": "acme/payments", "why": "It failed on a timeout.", "diff": null,
//!  "expires_at": "2026-11-23T13:00:00Z", "look_first": false}
//! ```
//! The reply, where `found` says that it was asked before:
//! ```json
//! {"posted_id": "1.000300", "found": false}
//! ```
//! `decided` takes the same, and three more; `by` is the user who decided, or null:
//! ```json
//! {"posted_id": "1.000300", "by": "U0ANN", "outcome": "Approved. Run 7 is on its way."}
//! ```
//! Its reply is `{"posted_id": "1.000300"}`. Pressing a button is an interaction with `infragpt_approve` or `infragpt_deny`, and
//! the action's id as its value.

use chrono::{DateTime, Utc};
use infragpt_nats::ServiceError;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    buttons, markdown,
    mrkdwn::escape,
    post::{Posted, Said},
    session::Session,
};
use crate::slack::web_api::Failure;

/// Marks our proposals in their metadata.
const ACTION_EVENT: &str = "infragpt_action";

/// What of a difference is shown, in characters: a section of Slack takes 3,000.
const LONGEST_DIFF: usize = 2_500;

/// What somebody is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Proposal {
    channel: String,
    thread: String,
    action_id: Uuid,
    /// What would be done, in a few words.
    #[serde(default)]
    title: String,
    /// What would be done.
    what: String,
    /// To what.
    #[serde(rename = "where")]
    target: String,
    why: String,
    diff: Option<String>,
    expires_at: DateTime<Utc>,
    #[serde(default)]
    look_first: bool,
}

/// What came of it.
#[derive(Debug, Deserialize)]
pub(super) struct Decided {
    #[serde(flatten)]
    proposal: Proposal,
    posted_id: String,
    /// Who decided.
    by: Option<String>,
    outcome: String,
}

impl Session {
    /// Asks, once.
    pub async fn propose(&mut self, proposal: &Proposal) -> Result<Posted, ServiceError> {
        let id = proposal.action_id.to_string();
        if proposal.look_first {
            let ours = self.ours(&proposal.channel, &proposal.thread).await?;
            let asked = ours
                .into_iter()
                .find(|reply| reply.carries((ACTION_EVENT, "action_id", &id)));
            if let Some(asked) = asked {
                return Ok(Posted::before(asked.ts));
            }
        }
        let mut body = proposal.message(vec![proposal.deadline(), proposal.buttons()]);
        body["thread_ts"] = proposal.thread.as_str().into();
        let said: Result<Said, Failure> = self.json("chat.postMessage", &body).await;
        let said = said.map_err(|failure| failure.of_write())?;
        Ok(Posted::now(said.ts))
    }

    /// Says what came of it, where it was asked.
    pub async fn decided(&mut self, decided: &Decided) -> Result<Value, ServiceError> {
        let mut body = decided.proposal.message(vec![decided.block()]);
        body["ts"] = decided.posted_id.as_str().into();
        self.change(&body).await.map_err(|failure| failure.of_write())?;
        Ok(json!({ "posted_id": decided.posted_id }))
    }
}

impl Proposal {
    fn message(&self, last: Vec<Value>) -> Value {
        let text = |text: &str| escape(&markdown::neutralize(text));
        let title = Some(self.title.trim()).filter(|title| !title.is_empty());
        let title = title.unwrap_or(&self.what);
        let mut lines = vec![format!("*{}*", text(title))];
        if title != self.what.trim() {
            lines.push(text(&self.what));
        }
        if !self.target.is_empty() {
            lines.push(format!("*Where:* {}", text(&self.target)));
        }
        lines.push(format!("*Why:* {}", text(&self.why)));
        let section =
            |text: String| json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(&text, 2_900) } });
        let mut blocks = vec![section(lines.join("\n"))];
        if let Some(diff) = self.diff.as_deref().filter(|diff| !diff.trim().is_empty()) {
            // What would end the block of code early is pulled apart.
            let shown = text(diff).replace("```", "`\u{200B}``");
            blocks.push(section(format!("```\n{}\n```", cut(&shown, LONGEST_DIFF))));
        }
        blocks.extend(last);
        json!({
            "channel": self.channel,
            "text": text(title),
            "blocks": blocks,
            "metadata": { "event_type": ACTION_EVENT, "event_payload": { "action_id": self.action_id } },
            "unfurl_links": false,
            "unfurl_media": false,
        })
    }

    fn deadline(&self) -> Value {
        let (seconds, plain) = (self.expires_at.timestamp(), self.expires_at.format("%H:%M UTC"));
        context(&format!(
            "Nothing happens unless somebody approves before <!date^{seconds}^{{time}}|{plain}>."
        ))
    }

    fn buttons(&self) -> Value {
        let button = |text: &str, action: &str, style: &str| {
            json!({
                "type": "button",
                "text": { "type": "plain_text", "text": text },
                "action_id": action,
                "value": self.action_id,
                "style": style,
            })
        };
        json!({
            "type": "actions",
            "elements": [button("Approve", buttons::APPROVE, "primary"), button("Deny", buttons::DENY, "danger")],
        })
    }
}

impl Decided {
    fn block(&self) -> Value {
        let outcome = escape(&markdown::neutralize(&self.outcome));
        let by = self
            .by
            .as_deref()
            .filter(|by| by.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        context(&by.map_or(outcome.clone(), |by| format!("<@{by}>: {outcome}")))
    }
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": cut(text, 2_900) }] })
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}… (cut)", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal() -> Proposal {
        Proposal {
            channel: "C1".into(),
            thread: "1.0".into(),
            action_id: Uuid::nil(),
            title: String::new(),
            what: "Re-run <CI>".into(),
            target: "acme/payments".into(),
            why: "It failed, @channel".into(),
            diff: Some("- 1\n+ ```2".into()),
            expires_at: DateTime::UNIX_EPOCH,
            look_first: false,
        }
    }

    #[test]
    fn a_proposal_says_what_where_why_and_until_when() {
        insta::assert_json_snapshot!(proposal().message(vec![proposal().deadline(), proposal().buttons()]));
    }

    #[test]
    fn a_title_that_says_less_than_what_is_done_stands_above_it() {
        let titled = |title: &str| Proposal {
            title: title.into(),
            ..proposal()
        };
        let first = |proposal: Proposal| proposal.message(Vec::new())["blocks"][0]["text"]["text"].clone();
        assert_eq!(
            first(titled("Re-run")),
            "*Re-run*\nRe-run &lt;CI&gt;\n*Where:* acme/payments\n*Why:* It failed, @\u{200B}channel"
        );
        assert_eq!(first(titled("Re-run <CI>")), first(titled("")));
    }

    #[test]
    fn a_decision_takes_the_buttons_away() {
        let decided = Decided {
            proposal: proposal(),
            posted_id: "2.0".into(),
            by: Some("U0ANN".into()),
            outcome: "Approved. Run 7 is on its way <!here>".into(),
        };
        let message = decided.proposal.message(vec![decided.block()]);
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.iter().all(|block| block["type"] != "actions"));
        let last = blocks.last().unwrap()["elements"][0]["text"].as_str().unwrap();
        assert_eq!(last, "<@U0ANN>: Approved. Run 7 is on its way &lt;\u{200B}!here&gt;");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äöü… (cut)");
    }
}
