//! Posting through the connector of the place, which the role `integrations` serves.

use std::time::Duration;

use infragpt_events::{OrganizationId, conversation::Place};
use infragpt_nats::{Connection, request};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a post may take: a chat that limits rates answers late.
const PATIENCE: Duration = Duration::from_secs(30);

/// The request of `connector.v1.<connector>.post`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Post<'post> {
    pub organization: &'post OrganizationId,
    pub account: &'post str,
    pub channel: &'post str,
    pub thread: &'post str,
    /// What the post carries, so that it can be found again.
    pub answer_id: Uuid,
    /// Markdown.
    pub text: &'post str,
    /// Whether the post may stand there already, so that the connector has to look before it posts.
    pub look_first: bool,
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

/// Posts `text` into `place`.
pub(crate) async fn post(connection: &Connection, place: &Place, post: &Post<'_>) -> Result<Posted, Error> {
    let subject = format!("connector.v1.{}.post", place.connector);
    connection.request(&subject, post, PATIENCE).await.map_err(judge)
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
