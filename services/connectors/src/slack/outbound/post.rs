//! `connector.v1.slack.post`: an answer into its thread, once.
//!
//! The request, besides `organization` and `account`:
//! ```json
//! {"channel": "C0OPS", "thread": "1.000100", "answer_id": "<uuid>", "message": "1.000100", "text": "Two changes …",
//!  "look_first": false, "draft": null, "audience": null, "footer": null}
//! ```
//! `message` is the question's identifier: whatever of ours stands before it isn't its answer. `text` is the whole answer in
//! Markdown. With `look_first` the thread is searched for what an earlier try may have left: an answer that stands is found, one
//! that was begun is made whole. `draft` is the last reply of `draft`. With `audience`, a user's id, only that person sees the answer,
//! `thread` may be null, and nothing is looked for: Slack keeps nothing of it. `footer` is a line below the answer. Everything
//! from `message` on but `text` may be left out.
//!
//! The reply; `text` is there where `found` is true, and says what stands there:
//! ```json
//! {"posted_id": "1.000200", "found": false}
//! ```
//! An answer too long for four messages is its beginning and a file with all of it, where Slack takes files from us.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;
use uuid::Uuid;

use super::{
    blocks::{self, Part, message},
    draft::{Draft, Way},
    markdown,
    session::Session,
    standing::Standing,
};
use crate::slack::web_api::Failure;

/// Slack takes 12,000 characters in all markdown blocks of one message.
const LONGEST_MESSAGE: usize = 12_000;

/// What is longer than so many messages is a file.
const MOST_MESSAGES: usize = 4;

/// What is to be posted.
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    pub channel: String,
    /// None where only one person sees it.
    pub thread: Option<String>,
    pub answer_id: Uuid,
    /// The question: nothing of its answer stands before it.
    #[serde(default)]
    pub message: String,
    pub text: String,
    #[serde(default)]
    pub look_first: bool,
    pub draft: Option<Draft>,
    /// The person who alone sees it.
    pub audience: Option<String>,
    /// What stands below it, in Markdown.
    pub footer: Option<String>,
}

/// Where it stands.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Posted {
    #[serde(rename = "posted_id")]
    pub id: String,
    pub found: bool,
    /// What the answer says that was found, which need not be what was to be posted now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Posted {
    /// It stands there now.
    pub fn now(id: String) -> Self {
        Self {
            id,
            found: false,
            text: None,
        }
    }

    /// It stood there before.
    pub fn before(id: String) -> Self {
        Self {
            id,
            found: true,
            text: None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Said {
    pub ts: String,
}

impl Session {
    /// Posts an answer, in as many messages as it needs; the first one's identifier is the answer's.
    pub async fn post(&mut self, post: &Post) -> Result<Posted, ServiceError> {
        let texts = markdown::split(&markdown::neutralize(&post.text), LONGEST_MESSAGE);
        if let Some(user) = &post.audience {
            return self.whisper(post, user, &texts).await;
        }
        let Some(thread) = &post.thread else {
            return Err(ServiceError::new(400, "an answer for everybody needs a thread"));
        };
        let mut standing = Standing::default();
        if post.look_first {
            standing = self.standing(post, thread).await?;
            if let Some(whole) = standing.whole() {
                return Ok(whole);
            }
        }
        let mut draft = post.draft.clone().or(standing.draft());
        if texts.len() > MOST_MESSAGES && standing.may_be_file() {
            match self.post_file(post, thread, draft.as_ref(), &mut standing).await? {
                Some(posted) => return Ok(posted),
                // What stands there already becomes the first of the messages.
                None => draft = standing.taken_back().or(draft),
            }
        }
        for part in Part::all(&texts, post.footer.as_deref()) {
            self.put_part(post, thread, draft.as_ref(), part, &mut standing).await?;
        }
        Ok(Posted::now(standing.part(0).unwrap_or_default().to_owned()))
    }

    /// Posts a part that doesn't stand yet; the first one takes the place of the draft.
    pub async fn put_part(
        &mut self,
        post: &Post,
        thread: &str,
        draft: Option<&Draft>,
        part: Part<'_>,
        standing: &mut Standing,
    ) -> Result<(), ServiceError> {
        if standing.part(part.index).is_some() {
            return Ok(());
        }
        let said = match draft.filter(|_| part.index == 0) {
            Some(draft) => self.complete(post, thread, draft, part).await,
            None => self.say_part(post, thread, part).await,
        };
        let id = said.map_err(|failure| interrupted(&failure, !standing.is_empty()))?;
        standing.stands(part, id);
        Ok(())
    }

    async fn say_part(&mut self, post: &Post, thread: &str, part: Part<'_>) -> Result<String, Failure> {
        let body = |blocks| message(&post.channel, thread, post.answer_id, part, blocks);
        let said: Said = match self.json("chat.postMessage", &body(true)).await {
            Err(failure) if failure.is_about_blocks() => {
                warn!(reason = %failure, answer.id = %post.answer_id, "Slack refused the blocks of an answer, posting its text alone");
                self.json("chat.postMessage", &body(false)).await?
            }
            said => said?,
        };
        Ok(said.ts)
    }

    /// Makes what was begun the whole of the first part.
    async fn complete(&mut self, post: &Post, thread: &str, draft: &Draft, part: Part<'_>) -> Result<String, Failure> {
        if draft.way == Way::Stream {
            match part.text.strip_prefix(&draft.said) {
                Some(rest) => {
                    let body = blocks::end_of_stream(&post.channel, &draft.id, post.answer_id, part, rest);
                    match self.json::<Value>("chat.stopStream", &body).await {
                        Ok(_) => return Ok(draft.id.clone()),
                        Err(failure) if failure.is_final() => {
                            warn!(reason = %failure, answer.id = %post.answer_id, "Slack did not end a stream, changing its message");
                        }
                        Err(failure) => return Err(failure),
                    }
                }
                // It says something else by now.
                None => match self.break_off(&post.channel, &draft.id).await {
                    Err(failure) if !failure.is_final() => return Err(failure),
                    _ => {}
                },
            }
        }
        let body = |blocks| {
            let mut body = message(&post.channel, thread, post.answer_id, part, blocks);
            body["ts"] = draft.id.as_str().into();
            if !blocks {
                // Those that are left out would stay.
                body["blocks"] = Vec::<Value>::new().into();
            }
            body
        };
        let mut changed = self.change(&body(true)).await;
        if changed.as_ref().is_err_and(Failure::is_about_blocks) {
            changed = self.change(&body(false)).await;
        }
        match changed {
            Err(failure) if failure.is_about_unchangeable() => self.say_part(post, thread, part).await,
            outcome => outcome.map(|()| draft.id.clone()),
        }
    }
}

/// Why an answer was not posted.
pub(super) fn interrupted(failure: &Failure, begun: bool) -> ServiceError {
    self::begun(failure.of_write(), begun)
}

/// Once a part stands, nobody may start over without looking.
pub(super) fn begun(error: ServiceError, begun: bool) -> ServiceError {
    if begun && error.code == 503 {
        ServiceError::new(504, error.message)
    } else {
        error
    }
}
