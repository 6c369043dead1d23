//! `connector.v1.slack.say` and `connector.v1.slack.tell`: a note to a thread, once, and a note to one person.
//!
//! The request of `say`, besides `organization` and `account`; `note_id` is any text, `look_first` may be left out:
//! ```json
//! {"channel": "C0OPS", "thread": "1.000100", "note_id": "muted-1", "text": "I'm quiet here now.", "look_first": false}
//! ```
//! The reply, where `found` says that it was said before:
//! ```json
//! {"posted_id": "1.000400", "found": false}
//! ```
//! The request of `tell`; `thread` may be null:
//! ```json
//! {"channel": "C0OPS", "thread": "1.000100", "user": "U0ANN", "text": "I answer every message here now."}
//! ```
//! The reply is `{"shown": "ephemeral"}`, or `{"shown": "direct"}` where we or that person are not in the channel.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    markdown,
    mrkdwn::to_mrkdwn,
    post::{Posted, Said},
    session::Session,
};
use crate::slack::web_api::Failure;

/// Marks our notes in their metadata.
const NOTE_EVENT: &str = "infragpt_note";

/// A note to everybody in a thread.
#[derive(Debug, Deserialize)]
pub(super) struct Say {
    channel: String,
    thread: String,
    /// Which note, so that it is not said twice.
    note_id: String,
    /// Markdown.
    text: String,
    #[serde(default)]
    look_first: bool,
}

/// A note to one person.
#[derive(Debug, Deserialize)]
pub(super) struct Tell {
    channel: String,
    thread: Option<String>,
    user: String,
    /// Markdown.
    text: String,
}

/// How they were told.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    pub shown: &'static str,
}

#[derive(Deserialize)]
struct Opened {
    channel: Identified,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

impl Session {
    /// Says it in the thread, once.
    pub async fn say(&mut self, say: &Say) -> Result<Posted, ServiceError> {
        if say.look_first {
            let ours = self.ours(&say.channel, &say.thread).await?;
            let said = ours
                .into_iter()
                .find(|reply| reply.carries((NOTE_EVENT, "note_id", &say.note_id)));
            if let Some(said) = said {
                return Ok(Posted::before(said.ts));
            }
        }
        let body = json!({
            "channel": say.channel,
            "thread_ts": say.thread,
            "text": shown(&say.text),
            "metadata": { "event_type": NOTE_EVENT, "event_payload": { "note_id": say.note_id } },
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let said: Result<Said, Failure> = self.json("chat.postMessage", &body).await;
        let said = said.map_err(|failure| failure.of_write())?;
        Ok(Posted::now(said.ts))
    }

    /// Tells one person, where they are; if we are not there, between the two of us.
    pub async fn tell(&mut self, tell: &Tell) -> Result<Told, ServiceError> {
        let text = shown(&tell.text);
        let mut body = json!({ "channel": tell.channel, "user": tell.user, "text": text });
        if let Some(thread) = &tell.thread {
            body["thread_ts"] = thread.as_str().into();
        }
        match self.json::<Value>("chat.postEphemeral", &body).await {
            Ok(_) => return Ok(Told { shown: "ephemeral" }),
            Err(failure) if failure.is_about_absence() => {}
            Err(failure) => return Err(failure.of_write()),
        }
        let told = async {
            let channel = self.open(&tell.user).await?;
            let body = json!({ "channel": channel, "text": text });
            self.json::<Value>("chat.postMessage", &body).await
        };
        told.await.map_err(|failure| failure.of_write())?;
        Ok(Told { shown: "direct" })
    }

    /// The channel between us and one person. <https://docs.slack.dev/reference/methods/conversations.open>
    pub async fn open(&mut self, user: &str) -> Result<String, Failure> {
        let opened: Opened = self.json("conversations.open", &json!({ "users": user })).await?;
        Ok(opened.channel.id)
    }
}

/// Markdown as Slack shows it, with the people and channels in it that we name ourselves.
fn shown(text: &str) -> String {
    keep_names(&to_mrkdwn(&markdown::neutralize(text)))
}

/// `<@U1>` and `<#C1>` are ours to write in a note; anything else in angle brackets stays text.
fn keep_names(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("&lt;") {
        kept.push_str(&rest[..at]);
        let after = &rest[at + 4..];
        match after.find("&gt;") {
            Some(end) if is_name(&after[..end]) => {
                kept.extend(["<", &after[..end], ">"]);
                rest = &after[end + 4..];
            }
            _ => {
                kept.push_str("&lt;");
                rest = after;
            }
        }
    }
    kept.push_str(rest);
    kept
}

fn is_name(text: &str) -> bool {
    let Some(id) = text.strip_prefix('@').or_else(|| text.strip_prefix('#')) else {
        return false;
    };
    !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn people_and_channels_are_named_and_nobody_is_alarmed() {
        assert_eq!(
            shown("<@U0ANN> in <#C0OPS> said **yes**"),
            "<@U0ANN> in <#C0OPS> said *yes*"
        );
        assert_eq!(
            shown("<!channel> <@here> @here"),
            "&lt;\u{200B}!channel&gt; &lt;@\u{200B}here&gt; @\u{200B}here"
        );
    }
}
