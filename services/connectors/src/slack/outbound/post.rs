//! `connector.v1.slack.post`: an answer into its thread, once.

use std::collections::BTreeMap;

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{debug, warn};
use uuid::Uuid;

use super::{
    answer::Reply,
    blocks::{self, METADATA_EVENT, Part, message},
    draft::{Draft, Way},
    markdown,
    session::Session,
};
use crate::slack::web_api::Failure;

/// Slack takes 12,000 characters in all markdown blocks of one message.
const LONGEST_MESSAGE: usize = 12_000;

/// What is to be posted.
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    channel: String,
    /// None where only one person sees it.
    thread: Option<String>,
    answer_id: Uuid,
    /// The question: nothing of its answer stands before it.
    #[serde(default)]
    message: String,
    text: String,
    #[serde(default)]
    look_first: bool,
    draft: Option<Draft>,
    /// The person who alone sees it.
    audience: Option<String>,
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

/// What stands in the thread of one answer.
#[derive(Default)]
struct Standing {
    /// Identifier and text by the part's number.
    parts: BTreeMap<usize, (String, String)>,
    /// Of how many parts the answer is made.
    count: usize,
    /// What was begun and is not whole.
    draft: Option<Draft>,
}

impl Standing {
    fn take(&mut self, reply: Reply, post: &Post) {
        let id = post.answer_id.to_string();
        if reply.carries((METADATA_EVENT, "answer_id", &id)) {
            if reply.is_draft() {
                self.draft = Some(Draft::left_behind(reply.ts));
                return;
            }
            self.count = reply.number("parts").unwrap_or(1);
            let (part, ts) = (reply.number("part").unwrap_or(0), reply.ts.clone());
            self.parts.entry(part).or_insert_with(|| (ts, reply.into_text()));
        } else if reply.is_unmarked() && !post.message.is_empty() && reply.ts.as_str() > post.message.as_str() {
            // A stream that was never ended says nothing of itself; one answer is written in a thread at a time.
            self.draft = Some(Draft::left_behind(reply.ts));
        }
    }

    /// The whole answer, if every part of it stands.
    fn whole(&self) -> Option<Posted> {
        let (id, _) = self.parts.get(&0).filter(|_| self.parts.len() == self.count)?;
        let texts: Vec<&str> = self.parts.values().map(|(_, text)| text.as_str()).collect();
        Some(Posted {
            id: id.clone(),
            found: true,
            text: Some(texts.join("\n\n")),
        })
    }
}

#[derive(Deserialize)]
struct Said {
    ts: String,
}

#[derive(Deserialize)]
struct SaidPrivately {
    message_ts: String,
}

impl Session {
    /// Posts an answer, in as many messages as it needs; the first one's identifier is the answer's.
    pub async fn post(&mut self, post: &Post) -> Result<Posted, ServiceError> {
        let text = markdown::neutralize(&post.text);
        let parts = markdown::split(&text, LONGEST_MESSAGE);
        if let Some(user) = &post.audience {
            return self.whisper(post, user, &parts).await;
        }
        let Some(thread) = &post.thread else {
            return Err(ServiceError::new(400, "an answer for everybody needs a thread"));
        };
        let mut standing = Standing::default();
        if post.look_first {
            for reply in self.ours(&post.channel, thread).await? {
                standing.take(reply, post);
            }
            if let Some(whole) = standing.whole() {
                return Ok(whole);
            }
        }
        let draft = post.draft.clone().or(standing.draft);
        let mut standing: BTreeMap<usize, String> =
            standing.parts.into_iter().map(|(part, (ts, _))| (part, ts)).collect();
        for (index, text) in parts.iter().enumerate() {
            if standing.contains_key(&index) {
                continue;
            }
            let part = Part {
                text,
                index,
                count: parts.len(),
            };
            let said = match draft.as_ref().filter(|_| index == 0) {
                Some(draft) => self.complete(post, thread, draft, part).await,
                None => self.say_part(post, thread, part).await,
            };
            match said {
                Ok(ts) => standing.insert(index, ts),
                Err(failure) => return Err(interrupted(&failure, !standing.is_empty())),
            };
        }
        let id = standing.remove(&0).unwrap_or_default();
        Ok(Posted {
            id,
            found: false,
            text: None,
        })
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
        let rest = part.text.strip_prefix(&draft.said).filter(|_| draft.way == Way::Stream);
        let body = blocks::end_of_stream(&post.channel, &draft.id, post.answer_id, part, rest.unwrap_or_default());
        if draft.way != Way::Edit {
            match self.json::<Value>("chat.stopStream", &body).await {
                Ok(_) if rest.is_some() => return Ok(draft.id.clone()),
                // It says something else by now, or Slack ended the stream before: the message is changed instead.
                Ok(_) => {}
                Err(failure @ Failure::Refused(_)) if draft.way == Way::Abandoned && !failure.is_about_token() => {
                    debug!(reason = %failure, answer.id = %post.answer_id, "What was begun is no stream");
                }
                Err(failure @ Failure::Refused(_)) if !failure.is_about_token() => {
                    warn!(reason = %failure, answer.id = %post.answer_id, "Slack did not end a stream, changing its message");
                }
                Err(failure) => return Err(failure),
            }
        }
        let body = |blocks| {
            let mut body = message(&post.channel, thread, post.answer_id, part, blocks);
            body["ts"] = draft.id.as_str().into();
            body
        };
        match self.json::<Value>("chat.update", &body(true)).await {
            Err(failure) if failure.is_about_blocks() => {
                self.json::<Value>("chat.update", &body(false)).await?;
            }
            // Somebody deleted it meanwhile.
            Err(Failure::Refused(word)) if word == "message_not_found" => {
                return self.say_part(post, thread, part).await;
            }
            outcome => drop(outcome?),
        }
        Ok(draft.id.clone())
    }

    /// To one person alone. Slack keeps nothing of it, so it can't be looked for.
    async fn whisper(&mut self, post: &Post, user: &str, parts: &[String]) -> Result<Posted, ServiceError> {
        let mut id = None;
        for (index, text) in parts.iter().enumerate() {
            let part = Part {
                text,
                index,
                count: parts.len(),
            };
            let body = blocks::whispered(&post.channel, user, post.answer_id, part);
            let said: Result<SaidPrivately, Failure> = self.json("chat.postEphemeral", &body).await;
            match said {
                Ok(said) => drop(id.get_or_insert(said.message_ts)),
                Err(failure) if id.is_none() && failure.is_about_absence() => {
                    return self.direct(user, post, parts).await;
                }
                Err(failure) => return Err(interrupted(&failure, id.is_some())),
            }
        }
        Ok(Posted {
            id: id.unwrap_or_default(),
            found: false,
            text: None,
        })
    }

    /// Where we are not in the channel, between the two of us.
    async fn direct(&mut self, user: &str, post: &Post, parts: &[String]) -> Result<Posted, ServiceError> {
        let channel = self.open(user).await.map_err(|failure| failure.of_write())?;
        let mut id = None;
        for (index, text) in parts.iter().enumerate() {
            let part = Part {
                text,
                index,
                count: parts.len(),
            };
            let mut body = message(&channel, "", post.answer_id, part, true);
            if let Some(fields) = body.as_object_mut() {
                fields.remove("thread_ts");
            }
            let said: Said = self
                .json("chat.postMessage", &body)
                .await
                .map_err(|failure| interrupted(&failure, id.is_some()))?;
            id.get_or_insert(said.ts);
        }
        Ok(Posted {
            id: id.unwrap_or_default(),
            found: false,
            text: None,
        })
    }
}

/// Once a part stands, nobody may start over without looking.
fn interrupted(failure: &Failure, begun: bool) -> ServiceError {
    let error = failure.of_write();
    if begun && error.code == 503 {
        ServiceError::new(504, error.message)
    } else {
        error
    }
}
