//! What stands in a thread of one answer already.

use std::collections::BTreeMap;

use infragpt_nats::ServiceError;

use super::{
    answer::Reply,
    blocks::{METADATA_EVENT, Part},
    draft::Draft,
    file,
    post::{Post, Posted},
    session::Session,
};

/// What stands there.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Identifier and text by the part's number.
    parts: BTreeMap<usize, (String, String)>,
    /// Of how many parts the answer is made.
    count: usize,
    /// Whether the whole of it is to follow as a file, and whether it does.
    file: (bool, bool),
    /// What was begun and is not whole.
    draft: Option<Draft>,
}

impl Session {
    /// Looks through the thread.
    pub async fn standing(&mut self, post: &Post, thread: &str) -> Result<Standing, ServiceError> {
        let mut standing = Standing::default();
        for reply in self.ours(&post.channel, thread).await? {
            standing.take(reply, post);
        }
        Ok(standing)
    }
}

impl Standing {
    fn take(&mut self, reply: Reply, post: &Post) {
        if reply.has_file(&file::name(post.answer_id)) {
            self.file.1 = true;
        } else if reply.carries((METADATA_EVENT, "answer_id", &post.answer_id.to_string())) {
            if reply.is("draft") {
                self.draft = Some(Draft::left_behind(reply.ts));
                return;
            }
            self.count = reply.number("parts").unwrap_or(1);
            self.file.0 |= reply.is("file");
            let (part, ts) = (reply.number("part").unwrap_or(0), reply.ts.clone());
            self.parts.entry(part).or_insert_with(|| (ts, reply.into_text()));
        } else if reply.is_unmarked() && !post.message.is_empty() && reply.ts.as_str() > post.message.as_str() {
            // A stream that was never ended says nothing of itself; one answer is written in a thread at a time.
            self.draft = Some(Draft::left_behind(reply.ts));
        }
    }

    /// The whole answer, if every part of it stands.
    pub fn whole(&self) -> Option<Posted> {
        let (id, _) = self.parts.get(&0).filter(|_| self.parts.len() == self.count)?;
        let (needed, there) = self.file;
        if needed && !there {
            return None;
        }
        let texts: Vec<&str> = self.parts.values().map(|(_, text)| text.as_str()).collect();
        Some(Posted {
            id: id.clone(),
            found: true,
            text: Some(texts.join("\n\n")),
        })
    }

    /// The identifier of a part that stands.
    pub fn part(&self, index: usize) -> Option<&str> {
        self.parts.get(&index).map(|(id, _)| id.as_str())
    }

    /// Whether nothing of it stands, or only what comes before its file.
    pub fn may_be_file(&self) -> bool {
        self.parts.is_empty() || self.file.0
    }

    /// What was begun and is to be made whole.
    pub fn draft(&mut self) -> Option<Draft> {
        self.draft.take()
    }

    /// A part stands now.
    pub fn stands(&mut self, part: Part<'_>, id: String) {
        self.parts.insert(part.index, (id, part.text.to_owned()));
        self.file.0 |= part.has_file;
    }

    /// Whether nothing of it stands.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The beginning of an answer whose file does not come, to be made something else.
    pub fn taken_back(&mut self) -> Option<Draft> {
        if !self.file.0 {
            return None;
        }
        self.file.0 = false;
        self.parts.remove(&0).map(|(id, _)| Draft::left_behind(id))
    }
}
