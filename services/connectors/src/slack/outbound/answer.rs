//! What stands in a thread of ours, as Slack tells it.

use std::collections::BTreeMap;

use infragpt_nats::ServiceError;
use serde::Deserialize;
use serde_json::Value;

use super::session::Session;
use crate::slack::web_api::{Failure, Paging};

/// Pages of a thread that are looked through for what may stand there already.
const MOST_PAGES: usize = 50;

/// A message in a thread.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub ts: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    blocks: Vec<Block>,
    #[serde(default)]
    files: Vec<File>,
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    /// Only a markdown block has its text as a string.
    #[serde(default, deserialize_with = "text_or_nothing")]
    text: String,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    event_payload: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Replies {
    #[serde(default)]
    messages: Vec<Reply>,
    #[serde(default)]
    response_metadata: Option<Paging>,
}

fn text_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

impl Reply {
    /// Whether it carries our mark of this kind with this identity. Anybody's app may put such metadata on its messages,
    /// so it counts only on ours.
    pub fn carries(&self, (kind, key, id): (&str, &str, &str)) -> bool {
        self.metadata
            .as_ref()
            .is_some_and(|metadata| metadata.event_type == kind && metadata.text(key) == Some(id))
    }

    /// Whether nothing says what it is. Everything of ours that is whole says so, or is a file; the beginning of an answer need not.
    pub fn is_unmarked(&self) -> bool {
        let is_marked = |metadata: &Metadata| !metadata.event_type.is_empty();
        self.files.is_empty() && !self.metadata.as_ref().is_some_and(is_marked)
    }

    /// Whether it brings a file of this name.
    pub fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Whether its mark says so.
    pub fn is(&self, key: &str) -> bool {
        self.payload(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A number in its mark.
    pub fn number(&self, key: &str) -> Option<usize> {
        self.payload(key)?
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
    }

    /// What it says.
    pub fn into_text(self) -> String {
        let mut blocks = self.blocks.into_iter();
        let markdown = blocks.find(|block| block.kind == "markdown").map(|block| block.text);
        markdown.unwrap_or(self.text)
    }

    fn payload(&self, key: &str) -> Option<&Value> {
        self.metadata.as_ref()?.event_payload.get(key)
    }
}

impl Metadata {
    fn text(&self, key: &str) -> Option<&str> {
        self.event_payload.get(key)?.as_str()
    }
}

impl Session {
    /// Our own messages in a thread, oldest first; none where there is no such thread.
    pub async fn ours(&mut self, channel: &str, thread: &str) -> Result<Vec<Reply>, ServiceError> {
        let bot_user = self.token.bot_user.clone();
        let mut found = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let fields = [
                ("channel", channel),
                ("ts", thread),
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
            found.extend(replies.messages.into_iter().filter(|reply| reply.user == bot_user));
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
