//! `connector.v1.slack.post`: an answer into its thread, once.

use std::collections::BTreeMap;

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::{
    Outbound,
    api::Failure,
    blocks::{METADATA_EVENT, Part, message},
    markdown,
};

/// Slack takes 12,000 characters in all markdown blocks of one message.
const LONGEST_MESSAGE: usize = 12_000;

/// Pages of a thread that are looked through for an answer that may stand there already.
const MOST_PAGES: usize = 50;

/// What is to be posted.
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    pub(super) account: String,
    channel: String,
    thread: String,
    answer_id: Uuid,
    text: String,
    #[serde(default)]
    look_first: bool,
}

/// Where it stands.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Posted {
    posted_id: String,
    found: bool,
}

#[derive(Deserialize)]
struct Said {
    ts: String,
}

#[derive(Deserialize)]
struct Replies {
    #[serde(default)]
    messages: Vec<Reply>,
    #[serde(default)]
    response_metadata: Option<Paging>,
}

#[derive(Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    pub next_cursor: String,
}

#[derive(Deserialize)]
struct Reply {
    ts: String,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    event_payload: Payload,
}

#[derive(Default, Deserialize)]
struct Payload {
    answer_id: Option<String>,
    #[serde(default)]
    part: usize,
}

impl Outbound {
    /// Posts an answer, in as many messages as it needs; the first one's identifier is the answer's.
    pub async fn post(&self, post: Post) -> Result<Posted, ServiceError> {
        self.check_account(&post.account).await?;
        let text = markdown::neutralize(&post.text);
        let parts = markdown::split(&text, LONGEST_MESSAGE);
        let mut standing = if post.look_first {
            self.find(&post).await?
        } else {
            BTreeMap::new()
        };
        let found = (0..parts.len()).all(|index| standing.contains_key(&index));
        for (index, text) in parts.iter().enumerate() {
            if standing.contains_key(&index) {
                continue;
            }
            let part = Part {
                text,
                index,
                count: parts.len(),
            };
            match self.say(&post, part).await {
                Ok(said) => standing.insert(index, said.ts),
                Err(failure) => return Err(interrupted(&failure, !standing.is_empty())),
            };
        }
        let posted_id = standing.remove(&0).unwrap_or_default();
        Ok(Posted { posted_id, found })
    }

    /// A token posts only into the workspace that it belongs to, whatever a request says.
    async fn check_account(&self, account: &str) -> Result<(), ServiceError> {
        let identity = self.identity().await.map_err(|failure| failure.of_read())?;
        if identity.team_id == account || identity.enterprise_id.as_deref() == Some(account) {
            return Ok(());
        }
        Err(ServiceError::new(
            404,
            format!("no bot token belongs to Slack workspace `{account}`"),
        ))
    }

    async fn say(&self, post: &Post, part: Part<'_>) -> Result<Said, Failure> {
        let body = |blocks| message(&post.channel, &post.thread, post.answer_id, part, blocks);
        match self.api.json("chat.postMessage", &body(true)).await {
            Err(failure) if failure.is_about_blocks() => {
                warn!(reason = %failure, answer.id = %post.answer_id, "Slack refused the blocks of an answer, posting its text alone");
                self.api.json("chat.postMessage", &body(false)).await
            }
            said => said,
        }
    }

    /// The parts of this answer that stand in the thread already, by their number.
    async fn find(&self, post: &Post) -> Result<BTreeMap<usize, String>, ServiceError> {
        let wanted = post.answer_id.to_string();
        let mut found = BTreeMap::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let fields = [
                ("channel", post.channel.as_str()),
                ("ts", post.thread.as_str()),
                ("include_all_metadata", "true"),
                ("limit", "200"),
                ("cursor", cursor.as_str()),
            ];
            let fields = if cursor.is_empty() { &fields[..4] } else { &fields[..] };
            let replies: Replies = match self.api.form("conversations.replies", fields).await {
                Ok(replies) => replies,
                Err(Failure::Refused(word)) if word == "thread_not_found" => return Ok(found),
                Err(failure) => return Err(failure.of_read()),
            };
            for reply in replies.messages {
                let Some(Metadata {
                    event_type,
                    event_payload,
                }) = reply.metadata
                else {
                    continue;
                };
                if event_type == METADATA_EVENT && event_payload.answer_id.as_deref() == Some(&wanted) {
                    found.entry(event_payload.part).or_insert(reply.ts);
                }
            }
            cursor = replies
                .response_metadata
                .map(|paging| paging.next_cursor)
                .unwrap_or_default();
            if cursor.is_empty() {
                return Ok(found);
            }
        }
        Err(ServiceError::new(503, "the thread is too long to look through"))
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
