//! Changing a message of ours, in whatever state it was left.

use serde_json::{Value, json};

use super::session::Session;
use crate::slack::web_api::Failure;

impl Session {
    /// `chat.update`. A message that is still being streamed can't be changed, so its stream is broken off first.
    ///
    /// <https://docs.slack.dev/reference/methods/chat.update#errors>
    pub async fn change(&mut self, body: &Value) -> Result<(), Failure> {
        match self.json::<Value>("chat.update", body).await {
            Err(failure) if failure.is_about_open_stream() => {}
            outcome => return outcome.map(drop),
        }
        let place = |name: &str| body[name].as_str().unwrap_or_default();
        self.break_off(place("channel"), place("ts")).await?;
        self.json::<Value>("chat.update", body).await.map(drop)
    }

    /// Ends a stream as it is, without the mark of a whole answer: who looks for one finds that it isn't.
    pub async fn break_off(&mut self, channel: &str, ts: &str) -> Result<(), Failure> {
        let body = json!({ "channel": channel, "ts": ts });
        match self.json::<Value>("chat.stopStream", &body).await {
            Err(failure) if failure.is_about_ended_stream() => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}
