//! `connector.v1.slack.draft`: the beginning of an answer, while the rest is being found.
//!
//! Slack shows a stream as it grows (<https://docs.slack.dev/reference/methods/chat.startStream>); where it does not allow
//! one, a message is posted and changed.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::debug;
use uuid::Uuid;

use super::{blocks, markdown, session::Session};
use crate::slack::web_api::Failure;

/// What a message may hold besides the end of the answer. What is longer comes with the whole answer.
const LONGEST_DRAFT: usize = 11_000;

/// What the answer says so far.
#[derive(Debug, Deserialize)]
pub(super) struct Drafting {
    channel: String,
    thread: String,
    answer_id: Uuid,
    recipient: Option<Recipient>,
    /// All of it so far, in Markdown.
    text: String,
    #[serde(default)]
    steps: Vec<Step>,
    draft: Option<Draft>,
}

/// Whom a stream is for.
#[derive(Debug, Deserialize)]
struct Recipient {
    user: String,
    team: String,
}

/// Something that is done for the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub id: String,
    pub title: String,
    pub state: StepState,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepState {
    Running,
    Done,
    Failed,
}

/// What stands in the thread of an answer; the caller hands it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Draft {
    #[serde(rename = "posted_id")]
    pub id: String,
    pub way: Way,
    /// What it says.
    #[serde(default)]
    pub said: String,
    #[serde(default)]
    steps: Vec<Step>,
}

/// How it is written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// Words are appended.
    Stream,
    /// The message is changed.
    Edit,
    /// Whoever began it is gone: nobody knows what it says, or whether it is a stream.
    Abandoned,
}

#[derive(Deserialize)]
struct Said {
    ts: String,
}

impl Draft {
    /// A message that somebody left behind who did not come to its end.
    pub fn left_behind(id: String) -> Self {
        Self {
            id,
            way: Way::Abandoned,
            said: String::new(),
            steps: Vec::new(),
        }
    }
}

impl Session {
    /// Makes the thread say what the answer says so far.
    pub async fn draft(&mut self, drafting: &Drafting) -> Result<Draft, ServiceError> {
        let text = presentable(&drafting.text);
        let outcome = match &drafting.draft {
            None => self.begin(drafting, &text).await,
            Some(draft) if draft.said == text && draft.steps == drafting.steps => return Ok(draft.clone()),
            Some(draft) => self.go_on(drafting, draft, &text).await,
        };
        match (outcome, &drafting.draft) {
            (Ok(draft), _) => Ok(draft),
            // The next one says it too.
            (Err(Failure::RateLimited(wait)), Some(draft)) => {
                debug!(?wait, answer.id = %drafting.answer_id, "Slack wants fewer drafts of an answer");
                Ok(draft.clone())
            }
            (Err(failure), _) => Err(failure.of_write()),
        }
    }

    async fn begin(&mut self, drafting: &Drafting, text: &str) -> Result<Draft, Failure> {
        let way = match self.start(drafting, text).await {
            Err(failure @ (Failure::Refused(_) | Failure::MissingScope(_))) if !failure.is_about_token() => {
                debug!(reason = %failure, answer.id = %drafting.answer_id, "Slack streams no answer here");
                let said: Said = self
                    .json("chat.postMessage", &self::edited(drafting, text, None))
                    .await?;
                (said, Way::Edit)
            }
            said => (said?, Way::Stream),
        };
        Ok(Draft {
            id: way.0.ts,
            way: way.1,
            said: text.to_owned(),
            steps: drafting.steps.clone(),
        })
    }

    async fn start(&mut self, drafting: &Drafting, text: &str) -> Result<Said, Failure> {
        let mut body = json!({
            "channel": drafting.channel,
            "thread_ts": drafting.thread,
            "chunks": chunks(text, &[], &drafting.steps),
        });
        if let Some(recipient) = &drafting.recipient {
            body["recipient_user_id"] = recipient.user.as_str().into();
            body["recipient_team_id"] = recipient.team.as_str().into();
        }
        self.json("chat.startStream", &body).await
    }

    async fn go_on(&mut self, drafting: &Drafting, draft: &Draft, text: &str) -> Result<Draft, Failure> {
        let mut next = Draft {
            said: text.to_owned(),
            steps: drafting.steps.clone(),
            ..draft.clone()
        };
        if draft.way == Way::Stream
            && let Some(rest) = text.strip_prefix(&draft.said)
        {
            let body = json!({
                "channel": drafting.channel,
                "ts": draft.id,
                "chunks": chunks(rest, &draft.steps, &drafting.steps),
            });
            match self.json::<Value>("chat.appendStream", &body).await {
                Err(failure @ Failure::Refused(_)) if !failure.is_about_token() => {
                    debug!(reason = %failure, answer.id = %drafting.answer_id, "Slack ended a stream");
                }
                outcome => return outcome.map(|_| next),
            }
        }
        next.way = Way::Edit;
        let body = edited(drafting, text, Some(&draft.id));
        self.json::<Value>("chat.update", &body).await.map(|_| next)
    }
}

/// The beginning of an answer as a message that is changed.
fn edited(drafting: &Drafting, text: &str, id: Option<&str>) -> Value {
    let mut body = blocks::draft(&drafting.channel, drafting.answer_id, text, &drafting.steps);
    match id {
        Some(id) => body["ts"] = id.into(),
        None => body["thread_ts"] = drafting.thread.as_str().into(),
    }
    body
}

/// <https://docs.slack.dev/reference/methods/chat.appendStream>: text, and each step that is another than before.
fn chunks(text: &str, before: &[Step], steps: &[Step]) -> Vec<Value> {
    let status = |state| match state {
        StepState::Running => "in_progress",
        StepState::Done => "complete",
        StepState::Failed => "error",
    };
    let mut chunks: Vec<Value> = steps
        .iter()
        .filter(|step| !before.contains(step))
        .map(|step| {
            json!({
                "type": "task_update",
                "id": step.id,
                "title": markdown::neutralize(&step.title),
                "status": status(step.state),
            })
        })
        .collect();
    if !text.is_empty() {
        chunks.push(json!({ "type": "markdown_text", "text": text }));
    }
    chunks
}

/// As much of the text as can't read otherwise once more comes: whole words, and no more than one message holds.
pub(super) fn presentable(text: &str) -> String {
    let whole = text.rfind(char::is_whitespace).map_or("", |end| &text[..end]);
    let whole = whole.trim_start();
    let end = whole
        .char_indices()
        .nth(LONGEST_DRAFT)
        .map_or(whole.len(), |(end, _)| end);
    let end = if end == whole.len() {
        end
    } else {
        whole[..end].rfind(char::is_whitespace).unwrap_or(0)
    };
    markdown::neutralize(&whole[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_whole_words_are_shown() {
        assert_eq!(presentable("two chan"), "two");
        assert_eq!(presentable("two changes "), "two changes");
        assert_eq!(presentable("word"), "");
        assert_eq!(presentable("hey @channel and"), "hey @\u{200B}channel");
    }

    #[test]
    fn a_step_is_told_when_it_is_another() {
        let step = |state| Step {
            id: "1".into(),
            title: "reads @here".into(),
            state,
        };
        let (running, done) = (step(StepState::Running), step(StepState::Done));
        let first = chunks("", &[], std::slice::from_ref(&running));
        assert_eq!(
            first,
            [json!({ "type": "task_update", "id": "1", "title": "reads @\u{200B}here", "status": "in_progress" })]
        );
        assert!(chunks("", std::slice::from_ref(&running), std::slice::from_ref(&running)).is_empty());
        let last = chunks("ok", &[running], &[done]);
        assert_eq!(last[0]["status"], "complete");
        assert_eq!(last[1], json!({ "type": "markdown_text", "text": "ok" }));
    }

    proptest! {
        #[test]
        fn what_was_shown_stays_as_it_was(text in "[a-z@<! \\n]{0,60}(@channel|<!here>)[ a-z]{0,20}", at in 0_usize..80) {
            let cut = text.char_indices().nth(at).map_or(text.len(), |(end, _)| end);
            let (before, after) = (presentable(&text[..cut]), presentable(&format!("{text} ")));
            prop_assert!(after.starts_with(&before), "{before:?} {after:?}");
        }
    }
}
