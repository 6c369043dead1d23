use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::task::Task;

/// How a stream gets its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Text,
    Chunks,
}

/// A message as the sandbox keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a message is or is not, in any combination"
)]
pub(crate) struct Message {
    pub(crate) channel: String,
    pub(crate) ts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thread_ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bot_id: Option<String>,
    /// The app that posted it, when that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_id: Option<String>,
    /// The name under which another app posted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    pub(crate) text: String,
    /// The text is Markdown, not Slack's own markup.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) markdown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) blocks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attachments: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subtype: Option<String>,
    /// When it was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) edited: Option<String>,
    /// The only person who sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ephemeral_to: Option<String>,
    /// `chat.stopStream` is still to come.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) streaming: bool,
    /// How its stream gets its pieces, once there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<Mode>,
    /// The steps of a stream.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tasks: Vec<Task>,
    /// When its stream began, in milliseconds since the epoch; a restart ends it.
    #[serde(skip)]
    pub(crate) started: i64,
    /// When its stream got the last piece.
    #[serde(skip)]
    pub(crate) appended: i64,
    /// It is in a channel with people of another workspace.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shared: bool,
    /// The workspace of its author, when that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_team: Option<String>,
    /// Names and users of its reactions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) reactions: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) deleted: bool,
}

impl Message {
    /// Whether it is a reply and shown in its thread only.
    pub(crate) fn is_reply(&self) -> bool {
        self.thread_ts.as_ref().is_some_and(|root| *root != self.ts)
            && self.subtype.as_deref() != Some("thread_broadcast")
    }

    /// Whether it belongs to the thread that starts at `root`.
    pub(crate) fn is_in_thread(&self, root: &str) -> bool {
        self.ts == root || self.thread_ts.as_deref() == Some(root)
    }
}

/// All messages, by channel and timestamp; kept in a file of JSON lines when there is a data directory.
#[derive(Debug)]
pub(crate) struct Messages {
    kept: Mutex<Kept>,
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    channels: BTreeMap<String, BTreeMap<String, Message>>,
    /// Channels that have people of another workspace in them: asked for every event.
    shared: BTreeSet<String>,
    file: Option<File>,
}

impl Messages {
    /// Opens what an earlier sandbox left in the directory, or starts empty.
    pub(crate) fn open(directory: Option<&Path>) -> io::Result<Self> {
        let mut channels: BTreeMap<String, BTreeMap<String, Message>> = BTreeMap::new();
        let file = match directory {
            Some(directory) => {
                fs::create_dir_all(directory)?;
                let path = directory.join("slack-messages.jsonl");
                let stored = if path.exists() {
                    fs::read_to_string(&path)?
                } else {
                    String::new()
                };
                // A line that a crash cut short is the last one, and was never confirmed to a client.
                for message in stored
                    .lines()
                    .filter_map(|line| serde_json::from_str::<Message>(line).ok())
                {
                    channels
                        .entry(message.channel.clone())
                        .or_default()
                        .insert(message.ts.clone(), message);
                }
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                if !stored.is_empty() && !stored.ends_with('\n') {
                    file.write_all(b"\n")?;
                }
                Some(file)
            }
            None => None,
        };
        let all = channels.values().flat_map(BTreeMap::values);
        let shared = all.filter(|it| it.shared).map(|it| it.channel.clone()).collect();
        Ok(Self {
            kept: Mutex::new(Kept { channels, shared, file }),
            changes: watch::Sender::new(0),
        })
    }

    /// Adds a message, or replaces the one with the same channel and timestamp.
    pub(crate) fn put(&self, message: Message) {
        self.with(|kept| kept.put(message));
    }

    /// Adds a message unless its channel and timestamp are taken.
    pub(crate) fn add(&self, message: Message) {
        self.with(|kept| {
            if kept.get(&message.channel, &message.ts).is_none() {
                kept.put(message);
            }
        });
    }

    /// Changes a message that is there and not deleted; returns what `change` did to it.
    pub(crate) fn change<E>(
        &self,
        channel: &str,
        ts: &str,
        change: impl FnOnce(&mut Message) -> Result<(), E>,
    ) -> Option<Result<Message, E>> {
        self.with(|kept| {
            let mut message = kept.get(channel, ts).filter(|message| !message.deleted)?.clone();
            Some(change(&mut message).map(|()| {
                kept.put(message.clone());
                message
            }))
        })
    }

    pub(crate) fn get(&self, channel: &str, ts: &str) -> Option<Message> {
        self.lock().get(channel, ts).filter(|message| !message.deleted).cloned()
    }

    /// The messages of a channel that everybody sees, oldest first, starting with timestamp `from`.
    pub(crate) fn channel(&self, channel: &str, from: &str) -> Vec<Message> {
        let kept = self.lock();
        let Some(messages) = kept.channels.get(channel) else {
            return Vec::new();
        };
        let visible = messages.range(from.to_owned()..).map(|(_, message)| message);
        visible
            .filter(|message| !message.deleted && message.ephemeral_to.is_none())
            .cloned()
            .collect()
    }

    /// Every message there is, deleted and ephemeral ones too, by channel and time.
    pub(crate) fn all(&self) -> Vec<Message> {
        self.lock()
            .channels
            .values()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect()
    }

    /// Whether people of another workspace are in a channel.
    pub(crate) fn is_shared(&self, channel: &str) -> bool {
        self.lock().shared.contains(channel)
    }

    /// The greatest timestamp in use.
    pub(crate) fn latest(&self) -> Option<String> {
        self.lock()
            .channels
            .values()
            .filter_map(|messages| messages.keys().next_back())
            .max()
            .cloned()
    }

    /// Sees a new value after every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn clear(&self) {
        self.with(|kept| {
            kept.channels.clear();
            kept.shared.clear();
            if let Some(file) = &kept.file
                && let Err(error) = file.set_len(0)
            {
                tracing::warn!(%error, "Cannot empty the stored Slack messages");
            }
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
        changed
    }
}

impl Kept {
    fn get(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.channels.get(channel)?.get(ts)
    }

    fn put(&mut self, message: Message) {
        if let Some(file) = &mut self.file {
            let line = serde_json::to_string(&message).map_err(io::Error::from);
            if let Err(error) = line.and_then(|line| file.write_all(format!("{line}\n").as_bytes())) {
                tracing::warn!(%error, "Cannot store the Slack message `{}`", message.ts);
            }
        }
        if message.shared {
            self.shared.insert(message.channel.clone());
        }
        self.channels
            .entry(message.channel.clone())
            .or_default()
            .insert(message.ts.clone(), message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(ts: &str, text: &str) -> Message {
        Message {
            channel: "C1".into(),
            ts: ts.into(),
            text: text.into(),
            ..Message::default()
        }
    }

    #[test]
    fn messages_survive_a_restart_and_a_torn_line() {
        let directory = tempfile::tempdir().unwrap();
        let messages = Messages::open(Some(directory.path())).unwrap();
        messages.put(message("1.000001", "first"));
        messages.add(message("1.000001", "not again"));
        messages.put(message("1.000002", "second"));
        let edited = messages.change("C1", "1.000002", |message| {
            message.text = "edited".into();
            Ok::<_, ()>(())
        });
        drop(messages);
        let path = directory.path().join("slack-messages.jsonl");
        OpenOptions::new()
            .append(true)
            .open(path)
            .unwrap()
            .write_all(b"{\"channel\":\"C")
            .unwrap();

        let messages = Messages::open(Some(directory.path())).unwrap();
        assert_eq!(messages.all(), [message("1.000001", "first"), edited.unwrap().unwrap()]);
        messages.put(message("1.000003", "third"));
        assert_eq!(Messages::open(Some(directory.path())).unwrap().all().len(), 3);
    }
}
