//! An answer that one person alone sees.

use infragpt_nats::ServiceError;
use serde::Deserialize;

use super::{
    blocks::{self, Part, message},
    post::{Post, Posted, Said, interrupted},
    session::Session,
};

#[derive(Deserialize)]
struct Whispered {
    message_ts: String,
}

impl Session {
    /// To one person alone, and where we are not in the channel, between the two of us.
    pub async fn whisper(&mut self, post: &Post, user: &str, texts: &[String]) -> Result<Posted, ServiceError> {
        let mut id = None;
        for part in Part::all(texts, post.footer.as_deref()) {
            let mut body = blocks::whispered(&post.channel, user, post.answer_id, part);
            if let Some(thread) = &post.thread {
                body["thread_ts"] = thread.as_str().into();
            }
            match self.json::<Whispered>("chat.postEphemeral", &body).await {
                Ok(whispered) => drop(id.get_or_insert(whispered.message_ts)),
                Err(failure) if id.is_none() && failure.is_about_absence() => {
                    return self.direct(user, post, texts).await;
                }
                Err(failure) => return Err(interrupted(&failure, id.is_some())),
            }
        }
        Ok(Posted::now(id.unwrap_or_default()))
    }

    async fn direct(&mut self, user: &str, post: &Post, texts: &[String]) -> Result<Posted, ServiceError> {
        let channel = self.open(user).await.map_err(|failure| failure.of_write())?;
        let mut id = None;
        for part in Part::all(texts, post.footer.as_deref()) {
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
        Ok(Posted::now(id.unwrap_or_default()))
    }
}
