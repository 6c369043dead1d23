//! `connector.v1.slack.status`: that somebody works on a question.
//!
//! Where Slack shows no status (<https://docs.slack.dev/reference/methods/assistant.threads.setStatus>), a reaction on the
//! question says so.
//!
//! The request, besides `organization` and `account`; `message` is the question, a `text` of null takes the status away, and then
//! `shown` is what the reply said when it was shown:
//! ```json
//! {"channel": "C0OPS", "thread": "1.000100", "message": "1.000100", "text": "is looking into it…", "shown": null}
//! ```
//! The reply; `shown` is `status`, `reaction` or `nothing`:
//! ```json
//! {"shown": "status"}
//! ```
//! It is a courtesy: whatever Slack refuses is `nothing`, and under a limit of Slack the reply is 503 at once.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::debug;

use super::session::Session;
use crate::slack::web_api::Failure;

/// What stands on a question that is worked on.
const EYES: &str = "eyes";

/// What is to be shown.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    channel: String,
    thread: String,
    /// The question.
    message: String,
    /// What is being done; none takes it away.
    text: Option<String>,
    /// How it was shown, to take it away.
    shown: Option<How>,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// As a status, which goes away with the next message.
    Status,
    /// As a reaction, which stays.
    Reaction,
    /// Not at all.
    Nothing,
}

/// The reply.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub shown: How,
}

impl Session {
    /// Shows it, or takes it away.
    pub async fn status(&mut self, status: &Status) -> Result<Shown, ServiceError> {
        if status.text.is_some() {
            self.hurry();
        }
        let shown = match (&status.text, status.shown) {
            (Some(text), _) => self.show(status, text).await,
            (None, Some(How::Reaction)) => self.react("reactions.remove", status).await.map(|_| How::Nothing),
            (None, Some(How::Nothing)) => Ok(How::Nothing),
            (None, _) => self.set(status, "").await.map(|()| How::Nothing),
        };
        match shown {
            Ok(shown) => Ok(Shown { shown }),
            Err(Failure::Refused(word)) => {
                debug!(reason = word, "Slack shows no status");
                Ok(Shown { shown: How::Nothing })
            }
            Err(Failure::MissingScope(scope)) => {
                debug!(scope, "Slack shows no status without another permission");
                Ok(Shown { shown: How::Nothing })
            }
            Err(failure) => Err(failure.of_write()),
        }
    }

    async fn show(&mut self, status: &Status, text: &str) -> Result<How, Failure> {
        match self.set(status, text).await {
            Ok(()) => Ok(How::Status),
            Err(failure @ (Failure::Refused(_) | Failure::MissingScope(_))) => {
                debug!(reason = %failure, "Slack shows no status here, reacting instead");
                self.react("reactions.add", status).await
            }
            Err(failure) => Err(failure),
        }
    }

    async fn set(&mut self, status: &Status, text: &str) -> Result<(), Failure> {
        let body = json!({ "channel_id": status.channel, "thread_ts": status.thread, "status": text });
        self.json::<Value>("assistant.threads.setStatus", &body).await.map(drop)
    }

    async fn react(&mut self, method: &'static str, status: &Status) -> Result<How, Failure> {
        let body = json!({ "channel": status.channel, "timestamp": status.message, "name": EYES });
        match self.json::<Value>(method, &body).await {
            Err(Failure::Refused(word)) if word == "already_reacted" || word == "no_reaction" => Ok(How::Reaction),
            Err(failure) => Err(failure),
            Ok(_) => Ok(How::Reaction),
        }
    }
}
