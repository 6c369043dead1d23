//! `connector.v1.slack.post`: an answer into its thread, once.

use std::collections::BTreeMap;

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::{
    blocks::{METADATA_EVENT, Part, message},
    markdown,
    session::Session,
};
use crate::slack::web_api::{Failure, Paging};

/// Slack takes 12,000 characters in all markdown blocks of one message.
const LONGEST_MESSAGE: usize = 12_000;

/// Pages of a thread that are looked through for an answer that may stand there already.
const MOST_PAGES: usize = 50;

/// What is to be posted.
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    pub(super) organization: String,
    pub(super) account: String,
    channel: String,
    thread: String,
    pub(super) answer_id: Uuid,
    text: String,
    #[serde(default)]
    look_first: bool,
}

/// Where it stands.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Posted {
    #[serde(rename = "posted_id")]
    id: String,
    found: bool,
    /// What the answer says that was found, which need not be what was to be posted now.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// What stands in the thread of one answer.
#[derive(Default)]
struct Standing {
    /// Identifier and text by the part's number.
    parts: BTreeMap<usize, (String, String)>,
    /// Of how many parts the answer is made.
    count: usize,
}

impl Standing {
    fn take(&mut self, reply: Reply) {
        let payload = reply
            .metadata
            .map(|metadata| metadata.event_payload)
            .unwrap_or_default();
        self.count = payload.parts.unwrap_or(1);
        let markdown = reply
            .blocks
            .into_iter()
            .find(|block| block.kind == "markdown")
            .map(|block| block.text);
        self.parts
            .entry(payload.part)
            .or_insert((reply.ts, markdown.unwrap_or(reply.text)));
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
struct Replies {
    #[serde(default)]
    messages: Vec<Reply>,
    #[serde(default)]
    response_metadata: Option<Paging>,
}

#[derive(Deserialize)]
struct Reply {
    ts: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    blocks: Vec<Block>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    /// Only a markdown block has its text as a string.
    #[serde(default, deserialize_with = "text_or_nothing")]
    text: String,
}

fn text_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

impl Reply {
    /// Whether it is a part of our own answer. Anybody's app may put such metadata on its messages.
    fn is_of(&self, bot_user: &str, answer_id: &str) -> bool {
        self.user == bot_user
            && self.metadata.as_ref().is_some_and(|metadata| {
                metadata.event_type == METADATA_EVENT && metadata.event_payload.answer_id.as_deref() == Some(answer_id)
            })
    }
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
    parts: Option<usize>,
}

impl Session {
    /// Posts an answer, in as many messages as it needs; the first one's identifier is the answer's.
    pub async fn post(&mut self, post: &Post) -> Result<Posted, ServiceError> {
        self.check_account(&post.account)?;
        let mut standing = Standing::default();
        if post.look_first {
            standing = self.find(post).await?;
            if let Some(whole) = standing.whole() {
                return Ok(whole);
            }
        }
        let text = markdown::neutralize(&post.text);
        let parts = markdown::split(&text, LONGEST_MESSAGE);
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
            match self.say(post, part).await {
                Ok(said) => standing.insert(index, said.ts),
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

    /// A token posts only into the workspace that it belongs to, whatever a request says.
    fn check_account(&self, account: &str) -> Result<(), ServiceError> {
        if self.token.speaks_in(account) {
            return Ok(());
        }
        Err(ServiceError::new(
            404,
            format!("no bot token belongs to Slack workspace `{account}`"),
        ))
    }

    async fn say(&mut self, post: &Post, part: Part<'_>) -> Result<Said, Failure> {
        let body = |blocks| message(&post.channel, &post.thread, post.answer_id, part, blocks);
        match self.json("chat.postMessage", &body(true)).await {
            Err(failure) if failure.is_about_blocks() => {
                warn!(reason = %failure, answer.id = %post.answer_id, "Slack refused the blocks of an answer, posting its text alone");
                self.json("chat.postMessage", &body(false)).await
            }
            said => said,
        }
    }

    /// The parts of this answer that stand in the thread already, by their number.
    async fn find(&mut self, post: &Post) -> Result<Standing, ServiceError> {
        let wanted = post.answer_id.to_string();
        let bot_user = self.token.bot_user.clone();
        let mut found = Standing::default();
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
            let replies: Replies = match self.form("conversations.replies", fields).await {
                Ok(replies) => replies,
                Err(Failure::Refused(word)) if word == "thread_not_found" => return Ok(found),
                Err(failure) => return Err(failure.of_read()),
            };
            for reply in replies
                .messages
                .into_iter()
                .filter(|reply| reply.is_of(&bot_user, &wanted))
            {
                found.take(reply);
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
