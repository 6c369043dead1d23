//! An answer that is too long for messages: its beginning, and a file with all of it.
//!
//! The file is brought to Slack first, where nobody sees it yet (<https://docs.slack.dev/reference/methods/files.getUploadURLExternal>).
//! Then the beginning is posted, which carries the answer's mark, and at last the file is shown below it. A file has no mark, so
//! it is known by its name.

use infragpt_nats::ServiceError;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;
use uuid::Uuid;

use super::{
    blocks::Part,
    draft::Draft,
    markdown,
    post::{Post, Posted, begun, interrupted},
    session::Session,
    standing::Standing,
};
use crate::slack::web_api::Failure;

/// How much of the answer stands above the file.
const LONGEST_BEGINNING: usize = 3_000;

/// What people see of the file's name.
const TITLE: &str = "answer.md";

/// What stands below the beginning.
const BELOW: &str = "_The whole answer is in the file below._";

#[derive(Deserialize)]
struct Place {
    upload_url: String,
    file_id: String,
}

/// What the file of an answer is called.
pub(super) fn name(answer_id: Uuid) -> String {
    let (number, ..) = answer_id.as_fields();
    format!("answer-{number:08x}.md")
}

impl Session {
    /// Posts an answer's beginning and its file; nothing where Slack takes no file from us.
    pub async fn post_file(
        &mut self,
        post: &Post,
        thread: &str,
        draft: Option<&Draft>,
        standing: &mut Standing,
    ) -> Result<Option<Posted>, ServiceError> {
        let file = match self.bring(post).await {
            Ok(file) => file,
            Err(failure) if failure.is_final() => {
                warn!(reason = %failure, answer.id = %post.answer_id, "Slack takes no file, posting a long answer as messages");
                return Ok(None);
            }
            Err(failure) => return Err(begun(failure.of_read(), !standing.is_empty())),
        };
        let texts = markdown::split(&markdown::neutralize(&post.text), LONGEST_BEGINNING);
        let text = format!("{}\n\n{BELOW}", texts.first().map_or("", String::as_str));
        let part = Part {
            text: &text,
            index: 0,
            count: 1,
            footer: post.footer.as_deref(),
            has_file: true,
        };
        self.put_part(post, thread, draft, part, standing).await?;
        let body = json!({
            "files": [{ "id": file, "title": TITLE }],
            "channel_id": post.channel,
            "thread_ts": thread,
        });
        match self.json::<Value>("files.completeUploadExternal", &body).await {
            Ok(_) => Ok(Some(Posted::now(standing.part(0).unwrap_or_default().to_owned()))),
            Err(failure) if failure.is_final() => {
                warn!(reason = %failure, answer.id = %post.answer_id, "Slack shows no file, posting a long answer as messages");
                Ok(None)
            }
            Err(failure) => Err(interrupted(&failure, true)),
        }
    }

    /// Brings the answer to Slack as a file that nobody sees yet.
    async fn bring(&mut self, post: &Post) -> Result<String, Failure> {
        let (name, length) = (name(post.answer_id), post.text.len().to_string());
        let fields = [("filename", name.as_str()), ("length", length.as_str())];
        let place: Place = self.form("files.getUploadURLExternal", &fields).await?;
        self.upload(&place.upload_url, &post.text).await?;
        Ok(place.file_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_a_file_of_its_own() {
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(name(id), "answer-01234567.md");
        assert_ne!(name(id), name(Uuid::nil()));
    }
}
