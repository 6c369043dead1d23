//! `connector.v1.slack.home` and `connector.v1.slack.prompts`: our page, and what can be asked in a new thread.

use infragpt_nats::ServiceError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{markdown, session::Session};

/// What a section of Slack takes, in characters.
const LONGEST_TEXT: usize = 2_900;

/// What a header of Slack takes, in characters.
const LONGEST_TITLE: usize = 150;

/// What somebody sees on our page.
#[derive(Debug, Deserialize)]
pub(super) struct Home {
    user: String,
    sections: Vec<Section>,
}

/// A part of it.
#[derive(Debug, Deserialize)]
struct Section {
    title: String,
    /// In Slack's markup.
    text: String,
}

/// What can be asked in a new thread. <https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts>
#[derive(Debug, Deserialize)]
pub(super) struct Prompts {
    channel: String,
    thread: String,
    title: String,
    #[serde(rename = "prompts")]
    suggestions: Vec<Value>,
}

impl Session {
    /// Shows it. <https://docs.slack.dev/reference/methods/views.publish>
    pub async fn home(&mut self, home: &Home) -> Result<Value, ServiceError> {
        let body = json!({ "user_id": home.user, "view": { "type": "home", "blocks": home.blocks() } });
        let published = self.json::<Value>("views.publish", &body).await;
        published.map_err(|failure| failure.of_write())?;
        Ok(json!({}))
    }

    /// Shows them.
    pub async fn prompts(&mut self, prompts: &Prompts) -> Result<Value, ServiceError> {
        let body = json!({
            "channel_id": prompts.channel,
            "thread_ts": prompts.thread,
            "title": prompts.title,
            "prompts": prompts.suggestions,
        });
        let set = self.json::<Value>("assistant.threads.setSuggestedPrompts", &body).await;
        set.map_err(|failure| failure.of_write())?;
        Ok(json!({}))
    }
}

impl Home {
    fn blocks(&self) -> Vec<Value> {
        let sections = self.sections.iter().flat_map(|section| {
            let title: String = section.title.chars().take(LONGEST_TITLE).collect();
            let text: String = markdown::neutralize(&section.text).chars().take(LONGEST_TEXT).collect();
            [
                json!({ "type": "header", "text": { "type": "plain_text", "text": title } }),
                json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }),
            ]
        });
        sections.collect()
    }
}
