//! A client of the sandbox's control API: what people and GitHub do.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

/// The sandbox's control API.
#[derive(Debug, Clone)]
pub struct Control {
    url: String,
    client: reqwest::Client,
}

/// What came of somebody writing a message.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    /// Whether the app acknowledged every event of it.
    pub acked: bool,
    /// The channel.
    pub channel: String,
    /// The message.
    pub ts: String,
    /// Its thread.
    #[serde(default)]
    pub thread_ts: Option<String>,
    /// The events that told of it.
    pub event_ids: Vec<String>,
    /// The HTTP status of the last one, when it went over HTTP.
    #[serde(default)]
    pub status: Option<u16>,
}

impl Said {
    /// The message that an answer's thread hangs on.
    pub fn thread(&self) -> &str {
        self.thread_ts.as_deref().unwrap_or(&self.ts)
    }
}

/// What came of a webhook.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivered {
    /// The HTTP status.
    pub status: u16,
    /// The delivery's GUID.
    pub guid: String,
}

/// A message that the bot posted.
#[derive(Debug, Clone, Deserialize)]
pub struct Posted {
    /// The message.
    pub ts: String,
    /// Its plain text.
    #[serde(default)]
    pub text: String,
    /// Its blocks.
    #[serde(default)]
    pub blocks: Vec<Value>,
    /// Its metadata.
    #[serde(default)]
    pub metadata: Value,
}

impl Posted {
    /// The Markdown that people read.
    pub fn markdown(&self) -> String {
        let blocks: Vec<&str> = self
            .blocks
            .iter()
            .filter(|block| block["type"] == "markdown")
            .filter_map(|block| block["text"].as_str())
            .collect();
        if blocks.is_empty() {
            self.text.clone()
        } else {
            blocks.join("\n\n")
        }
    }
}

impl Control {
    /// The control API at `url`.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            client: reqwest::Client::new(),
        }
    }

    /// Calls a verb.
    ///
    /// # Errors
    /// When the sandbox refuses or isn't there.
    pub async fn call(&self, verb: &str, body: &Value) -> anyhow::Result<Value> {
        let response = self
            .client
            .post(format!("{}/{verb}", self.url))
            .json(body)
            .timeout(Duration::from_mins(1))
            .send()
            .await
            .with_context(|| format!("the sandbox can't be asked to `{verb}`"))?;
        let status = response.status();
        let answer: Value = response
            .json()
            .await
            .with_context(|| format!("the sandbox's answer to `{verb}`"))?;
        ensure!(status.is_success(), "the sandbox refused `{verb}`: {answer}");
        Ok(answer)
    }

    /// Somebody writes a message; see the sandbox's `CONTROL.md` for the fields.
    ///
    /// # Errors
    /// When the sandbox refuses or isn't there.
    pub async fn message(&self, body: &Value) -> anyhow::Result<Said> {
        Ok(serde_json::from_value(self.call("message", body).await?)?)
    }

    /// GitHub delivers a webhook; see the sandbox's `CONTROL.md` for the fields.
    ///
    /// # Errors
    /// When the sandbox refuses, or the app isn't there.
    pub async fn github_webhook(&self, body: &Value) -> anyhow::Result<Delivered> {
        Ok(serde_json::from_value(self.call("github_webhook", body).await?)?)
    }

    /// Waits until the bot has posted `at_least` messages in a thread, and returns all of them.
    ///
    /// # Errors
    /// When they don't come in time.
    pub async fn replies(
        &self,
        channel: &str,
        thread: &str,
        at_least: usize,
        within: Duration,
    ) -> anyhow::Result<Vec<Posted>> {
        let timeout = u64::try_from(within.as_millis())?;
        let request = json!({ "channel": channel, "thread_ts": thread, "at_least": at_least, "timeout_ms": timeout });
        let answer = self.call("replies", &request).await?;
        let messages: Vec<Posted> = serde_json::from_value(answer["messages"].clone())?;
        ensure!(
            answer["satisfied"] == true,
            "{} of {at_least} answers came to {channel} {thread} within {within:?}",
            messages.len()
        );
        Ok(messages)
    }

    /// The bot's messages in a thread right now.
    ///
    /// # Errors
    /// When the sandbox isn't there.
    pub async fn posted(&self, channel: &str, thread: &str) -> anyhow::Result<Vec<Posted>> {
        self.replies(channel, thread, 0, Duration::ZERO).await
    }
}
