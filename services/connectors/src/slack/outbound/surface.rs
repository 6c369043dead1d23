//! `connector.v1.slack.home` and `connector.v1.slack.prompts`: our page, and what can be asked in a new thread.
//!
//! The request of `home`, besides `organization` and `account`; `text` is in Slack's markup, `button` may be left out:
//! ```json
//! {"user": "U0ANN", "sections": [{"title": "Connected", "text": "• *github* acme: active",
//!  "button": {"text": "Open the console", "url": "https://infragpt.example.com"}}]}
//! ```
//! The request of `prompts`; Slack takes up to four, and `thread` and `title` may be null:
//! ```json
//! {"channel": "D0ANN", "thread": "1.000100", "title": "For example:", "prompts": [{"title": "What failed?", "message": "what failed?"}]}
//! ```
//! The reply of both is `{}`. Both are a courtesy: under a limit of Slack the reply is 503 at once.

use infragpt_nats::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{buttons, markdown, session::Session};

/// What a section of Slack takes, in characters.
const LONGEST_TEXT: usize = 2_900;

/// What a header of Slack takes, in characters.
const LONGEST_TITLE: usize = 150;

/// What a button of Slack takes, in characters.
const LONGEST_BUTTON: usize = 75;

/// What Slack takes of blocks on a page.
const MOST_BLOCKS: usize = 100;

/// What Slack takes of suggestions.
const MOST_PROMPTS: usize = 4;

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
    button: Option<Button>,
}

/// Where a part of it leads.
#[derive(Debug, Deserialize)]
struct Button {
    text: String,
    url: Url,
}

/// What can be asked in a new thread. <https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts>
#[derive(Debug, Deserialize)]
pub(super) struct Prompts {
    channel: String,
    thread: Option<String>,
    title: Option<String>,
    #[serde(rename = "prompts")]
    suggestions: Vec<Suggestion>,
}

/// One of them.
#[derive(Debug, Deserialize, Serialize)]
struct Suggestion {
    title: String,
    message: String,
}

impl Session {
    /// Shows it. <https://docs.slack.dev/reference/methods/views.publish>
    pub async fn home(&mut self, home: &Home) -> Result<Value, ServiceError> {
        let body = json!({ "user_id": home.user, "view": { "type": "home", "blocks": home.blocks() } });
        self.courtesy("views.publish", &body).await
    }

    /// Shows them.
    pub async fn prompts(&mut self, prompts: &Prompts) -> Result<Value, ServiceError> {
        self.courtesy("assistant.threads.setSuggestedPrompts", &prompts.body())
            .await
    }

    async fn courtesy(&mut self, method: &'static str, body: &Value) -> Result<Value, ServiceError> {
        self.hurry();
        let shown = self.json::<Value>(method, body).await;
        shown.map_err(|failure| failure.of_write())?;
        Ok(json!({}))
    }
}

impl Home {
    fn blocks(&self) -> Vec<Value> {
        let sections = self.sections.iter().flat_map(|section| {
            let title = cut(&section.title, LONGEST_TITLE);
            let text = cut(&markdown::neutralize(&section.text), LONGEST_TEXT);
            // An empty text would be refused with the whole view.
            let text = if text.trim().is_empty() { "…".to_owned() } else { text };
            let mut body = json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
            // So would a button to anything but a page of the web.
            let button = section.button.as_ref();
            if let Some(button) = button.filter(|button| matches!(button.url.scheme(), "https" | "http")) {
                body["accessory"] = json!({
                    "type": "button",
                    "text": { "type": "plain_text", "text": cut(&button.text, LONGEST_BUTTON) },
                    "url": button.url,
                    "action_id": buttons::LINK,
                });
            }
            [
                json!({ "type": "header", "text": { "type": "plain_text", "text": title } }),
                body,
            ]
        });
        sections.take(MOST_BLOCKS).collect()
    }
}

impl Prompts {
    fn body(&self) -> Value {
        let shown: Vec<&Suggestion> = self.suggestions.iter().take(MOST_PROMPTS).collect();
        let mut body = json!({ "channel_id": self.channel, "prompts": shown });
        if let Some(thread) = &self.thread {
            body["thread_ts"] = thread.as_str().into();
        }
        if let Some(title) = &self.title {
            body["title"] = title.as_str().into();
        }
        body
    }
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_titles_texts_and_where_they_lead() {
        let home: Home = serde_json::from_value(json!({ "user": "U0ANN", "sections": [
            { "title": "Connected", "text": "• *github* @here", "button": { "text": "Open", "url": "https://infragpt.example.com" } },
            { "title": "Asked lately", "text": "nothing", "button": null },
            { "title": "Odd", "text": "", "button": { "text": "Open", "url": "javascript:alert(1)" } },
        ]}))
        .unwrap();
        insta::assert_json_snapshot!(home.blocks());
    }

    #[test]
    fn as_many_prompts_are_shown_as_slack_takes() {
        let prompt = json!({ "title": "Status", "message": "status" });
        let prompts: Prompts = serde_json::from_value(json!({
            "channel": "D0ANN", "thread": null, "title": null, "prompts": vec![prompt.clone(); 9],
        }))
        .unwrap();
        assert_eq!(
            prompts.body(),
            json!({ "channel_id": "D0ANN", "prompts": vec![prompt; 4] })
        );
    }
}
