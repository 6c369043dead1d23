//! What is done in the chat, through the connector of the place, which the role `integrations` serves.

use std::time::Duration;

use infragpt_events::{ConnectorKind, OrganizationId, conversation::Place};
use infragpt_nats::{Connection, agent::Step, request};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long something may take: a chat that limits rates answers late.
const PATIENCE: Duration = Duration::from_secs(30);

/// A thread of a chat, to do something in for an organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chat<'place> {
    pub connection: &'place Connection,
    pub organization: &'place OrganizationId,
    pub connector: &'place ConnectorKind,
    pub account: &'place str,
    pub channel: &'place str,
    pub thread: Option<&'place str>,
}

/// The request of `post`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Post<'post> {
    /// What the post carries, so that it can be found again.
    pub answer_id: Uuid,
    /// The question: what stands before it can't be its answer.
    pub message: &'post str,
    /// Markdown.
    pub text: &'post str,
    /// Whether the post may stand there already, so that the connector has to look before it posts.
    pub look_first: bool,
    /// What [`Chat::draft`] returned last.
    pub draft: Option<&'post Draft>,
    /// The person who alone sees it.
    pub audience: Option<&'post str>,
}

/// A post in the thread.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Posted {
    /// The identifier that the chat gave it.
    pub posted_id: String,
    /// What it says, where the connector found it there; else what was sent.
    #[serde(default)]
    pub text: Option<String>,
}

/// The beginning of an answer in the thread. What else there is of it is the connector's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// The identifier that the chat gave it.
    pub posted_id: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

/// How a status is shown, so that it can be taken away again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Shown {
    shown: String,
}

/// Why a post does not stand in the thread, or is not known to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It can never be posted there: the channel or the permission is gone.
    #[error("the chat refuses the post: {0}")]
    Refused(String),
    /// Nothing was posted, and it may work later: nobody serves posting there, or the chat asked to wait.
    #[error("nothing was posted")]
    NotPosted(#[source] request::Error),
    /// It may stand there or not.
    #[error("it is not known whether the post stands in the thread")]
    Ambiguous(#[source] request::Error),
}

impl Shown {
    /// Whether it stays until somebody takes it away.
    pub fn stays(&self) -> bool {
        self.shown == "reaction"
    }
}

impl<'place> Chat<'place> {
    /// To do something where `place` is.
    pub fn at(connection: &'place Connection, organization: &'place OrganizationId, place: &'place Place) -> Self {
        Self {
            connection,
            organization,
            connector: &place.connector,
            account: &place.account,
            channel: &place.channel,
            thread: Some(&place.thread),
        }
    }

    /// Posts an answer, once.
    pub async fn post(&self, post: &Post<'_>) -> Result<Posted, Error> {
        self.ask("post", json!(post)).await
    }

    /// Makes the thread say `text` so far, and what is being done.
    pub async fn draft(
        &self,
        answer_id: Uuid,
        author: &str,
        (text, steps): (&str, &[Step]),
        draft: Option<&Draft>,
    ) -> Result<Draft, Error> {
        let recipient = json!({ "user": author, "team": self.account });
        let body =
            json!({ "answer_id": answer_id, "recipient": recipient, "text": text, "steps": steps, "draft": draft });
        self.ask("draft", body).await
    }

    /// Says in a word what is being done for the question `message`.
    pub async fn status(&self, message: &str, text: &str) -> Result<Shown, Error> {
        self.ask("status", json!({ "message": message, "text": text })).await
    }

    /// Takes a status away that does not go by itself.
    pub async fn clear(&self, message: &str, shown: &Shown) -> Result<(), Error> {
        let body = json!({ "message": message, "text": null, "shown": shown.shown });
        self.ask::<Value>("status", body).await.map(drop)
    }

    /// A note to everybody in the thread, once for each `note`.
    pub async fn say(&self, note: &str, text: &str, look_first: bool) -> Result<Posted, Error> {
        let body = json!({ "note_id": note, "text": text, "look_first": look_first });
        self.ask("say", body).await
    }

    /// A note to one person.
    pub async fn tell(&self, user: &str, text: &str) -> Result<(), Error> {
        let body = json!({ "user": user, "text": text });
        self.ask::<Value>("tell", body).await.map(drop)
    }

    /// Asks the connector for one of its operations.
    pub async fn ask<R: DeserializeOwned>(&self, operation: &str, mut body: Value) -> Result<R, Error> {
        body["organization"] = json!(self.organization);
        body["account"] = self.account.into();
        body["channel"] = self.channel.into();
        body["thread"] = self.thread.into();
        let subject = format!("connector.v1.{}.{operation}", self.connector);
        self.connection.request(&subject, &body, PATIENCE).await.map_err(judge)
    }
}

/// A refusal is final where another try can't have another result. 503 promises that nothing was posted, any other
/// failure of the service promises nothing.
fn judge(error: request::Error) -> Error {
    match error {
        request::Error::NoResponders(_) | request::Error::Service { code: 503, .. } => Error::NotPosted(error),
        request::Error::Service {
            code: 400..=499,
            ref message,
        } if !may_pass(&error) => Error::Refused(message.clone()),
        other => Error::Ambiguous(other),
    }
}

/// 408, 409, 425 and 429 say 'not now'.
fn may_pass(error: &request::Error) -> bool {
    matches!(
        error,
        request::Error::Service {
            code: 408 | 409 | 425 | 429,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(code: u16) -> Error {
        judge(request::Error::Service {
            code,
            message: "channel_not_found".to_owned(),
        })
    }

    #[test]
    fn a_gone_channel_and_a_dead_token_are_final() {
        for code in [400, 401, 403, 404, 410] {
            assert!(
                matches!(judged(code), Error::Refused(reason) if reason == "channel_not_found"),
                "{code}"
            );
        }
    }

    #[test]
    fn what_may_have_been_posted_is_ambiguous() {
        for code in [408, 409, 429, 500, 502, 504] {
            assert!(matches!(judged(code), Error::Ambiguous(_)), "{code}");
        }
        let timed_out = request::Error::TimedOut("connector.v1.slack.post".to_owned());
        assert!(matches!(judge(timed_out), Error::Ambiguous(_)));
    }

    #[test]
    fn nobody_there_and_503_mean_that_nothing_was_posted() {
        let nobody = request::Error::NoResponders("connector.v1.slack.post".to_owned());
        assert!(matches!(judge(nobody), Error::NotPosted(_)));
        assert!(matches!(judged(503), Error::NotPosted(_)));
    }
}
