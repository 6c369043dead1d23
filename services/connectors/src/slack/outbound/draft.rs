//! `connector.v1.slack.draft`: the beginning of an answer, while the rest is being found.
//!
//! Slack shows a stream as it grows (<https://docs.slack.dev/reference/methods/chat.startStream>); where it does not allow
//! one, a message is posted and changed.
//!
//! The request, besides `organization` and `account`; `text` is the whole text so far, `draft` the last reply, as it came:
//! ```json
//! {"channel": "C0OPS", "thread": "1.000100", "answer_id": "<uuid>", "recipient": {"user": "U0ANN", "team": "T0ACME"},
//!  "text": "Two changes", "steps": [{"id": "1", "title": "reads changes", "state": "running"}], "draft": null}
//! ```
//! `recipient` and `draft` may be null; `state` is `running`, `done` or `failed`. The reply, of which only `posted_id` means
//! something to others:
//! ```json
//! {"posted_id": "1.000200", "way": "stream", "said": "Two", "steps": []}
//! ```
//! While Slack wants fewer requests, what is handed in as `draft` comes back as it is; without one the reply is 503.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::debug;
use uuid::Uuid;

use super::{beginning::beginning, blocks, markdown, post::Said, session::Session};
use crate::slack::web_api::Failure;

/// What a message may hold besides the end of the answer. What is longer comes with the whole answer.
const LONGEST_DRAFT: usize = 11_000;

/// What the title of a step may hold.
const LONGEST_TITLE: usize = 256;

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
}

impl Draft {
    /// A message that somebody left behind who did not come to its end.
    pub fn left_behind(id: String) -> Self {
        Self {
            id,
            way: Way::Edit,
            said: String::new(),
            steps: Vec::new(),
        }
    }
}

impl Session {
    /// Makes the thread say what the answer says so far.
    pub async fn draft(&mut self, drafting: &Drafting) -> Result<Draft, ServiceError> {
        self.hurry();
        let text = beginning(&drafting.text, LONGEST_DRAFT);
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
            Err(failure) if failure.is_final() => {
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
        let mut body = json!({ "channel": drafting.channel, "thread_ts": drafting.thread });
        let chunks = chunks(text, &[], &drafting.steps);
        if !chunks.is_empty() {
            body["chunks"] = chunks.into();
        }
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
        if draft.way == Way::Stream {
            match text.strip_prefix(&draft.said) {
                Some(rest) => match self.append(drafting, draft, rest).await {
                    Ok(()) => return Ok(next),
                    Err(failure) if failure.is_final() => {
                        debug!(reason = %failure, answer.id = %drafting.answer_id, "Slack appends no more to an answer");
                    }
                    // Whether it stands there or not: appended again it could stand there twice, so the whole is written over it.
                    Err(failure) if failure.is_unclear() => {
                        debug!(reason = %failure, answer.id = %drafting.answer_id, "Slack did not say what became of a piece of an answer");
                    }
                    Err(failure) => return Err(failure),
                },
                None => self.break_off(&drafting.channel, &draft.id).await?,
            }
        }
        next.way = Way::Edit;
        let body = edited(drafting, text, Some(&draft.id));
        match self.change(&body).await {
            Ok(()) => Ok(next),
            Err(failure) if failure.is_unclear() => Ok(next),
            Err(Failure::RateLimited(_) | Failure::NotSent(_)) => Ok(Draft {
                way: Way::Edit,
                ..draft.clone()
            }),
            Err(failure) => Err(failure),
        }
    }

    async fn append(&mut self, drafting: &Drafting, draft: &Draft, rest: &str) -> Result<(), Failure> {
        let chunks = chunks(rest, &draft.steps, &drafting.steps);
        if chunks.is_empty() {
            return Ok(());
        }
        let body = json!({ "channel": drafting.channel, "ts": draft.id, "chunks": chunks });
        self.json::<Value>("chat.appendStream", &body).await.map(drop)
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
                "title": markdown::neutralize(&step.title).chars().take(LONGEST_TITLE).collect::<String>(),
                "status": status(step.state),
            })
        })
        .collect();
    if !text.is_empty() {
        chunks.push(json!({ "type": "markdown_text", "text": text }));
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
