//! What happens in a conversation.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ConnectorKind, aggregate::domain_events};

domain_events! {
    /// What happens in a conversation.
    pub enum ConversationEvent of "conversation" {
        /// Somebody asked something that has to be answered; the first one starts the conversation.
        AnswerRequested = "answer_requested" v 2,
        /// The first words of the answer stand in the thread; more will follow.
        AnswerDrafted = "answer_drafted" v 1,
        /// The answer stands in the thread.
        AnswerPosted = "answer_posted" v 1,
        /// There will be no answer.
        AnswerFailed = "answer_failed" v 1,
        /// The question waited so long that a later one of the thread is answered together with it.
        AnswerMerged = "answer_merged" v 1,
        /// Somebody ended what was being answered.
        Stopped = "stopped" v 1,
        /// Somebody wants no more answers in the thread, unless the product is named.
        Muted = "muted" v 1,
        /// Somebody wants answers again.
        Unmuted = "unmuted" v 1,
        /// Somebody says how good an answer was.
        FeedbackGiven = "feedback_given" v 1,
        /// Somebody wants to know where an answer came from.
        ExplanationRequested = "explanation_requested" v 1,
        /// The author changed what they had asked.
        MessageEdited = "message_edited" v 1,
        /// The author took back what they had asked.
        MessageDeleted = "message_deleted" v 1,
    }
}

/// Where a conversation takes place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The kind of chat.
    pub connector: ConnectorKind,
    /// The account whose channel it is.
    pub account: String,
    /// The channel.
    pub channel: String,
    /// The identifier of the message that the thread hangs on.
    pub thread: String,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// The identifier in the chat.
    pub id: String,
    /// The name for people, where the chat told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// The identifier in its channel.
    pub id: String,
    /// Who wrote it.
    pub author: Author,
    /// What it says, without the words that only address the product.
    pub text: String,
    /// When it was sent, in the chat's clock.
    pub sent_at: DateTime<Utc>,
}

/// Somebody asked something that has to be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerRequested {
    /// Where.
    pub place: Place,
    /// What was asked.
    pub message: Message,
    /// The identity of the answer to come, carried by the post itself.
    pub answer_id: Uuid,
    /// Who may see the answer.
    #[serde(default, skip_serializing_if = "Audience::is_thread")]
    pub audience: Audience,
    /// Whether only those who see the channel may know of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_private: bool,
}

/// Who may see an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody who sees the thread.
    #[default]
    Thread,
    /// The one who asked, and nobody else.
    Author,
}

impl Audience {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
    fn is_thread(&self) -> bool {
        *self == Self::Thread
    }
}

/// The first words of the answer stand in the thread; more will follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerDrafted {
    /// The answer's identity.
    pub answer_id: Uuid,
    /// The identifier that the chat gave to the answer.
    pub posted_id: String,
}

/// The answer stands in the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerPosted {
    /// The answer's identity.
    pub answer_id: Uuid,
    /// The message that it answers.
    pub message_id: String,
    /// The identifier that the chat gave to the answer.
    pub posted_id: String,
    /// What it says, in Markdown.
    pub text: String,
    /// Which agent wrote it.
    pub agent: String,
}

/// There will be no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerFailed {
    /// The answer's identity.
    pub answer_id: Uuid,
    /// The message that stays without an answer.
    pub message_id: String,
    /// Why, for people.
    pub reason: String,
    /// The sentence in the thread that says so, where one could be posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_id: Option<String>,
}

/// The question waited so long that a later one of the thread is answered together with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerMerged {
    /// The identity of the answer that will not come.
    pub answer_id: Uuid,
    /// The message that it was asked by.
    pub message_id: String,
    /// The identity of the answer that comes in its place.
    pub into: Uuid,
}

/// Somebody ended what was being answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stopped {
    /// Who, as the chat calls them.
    pub by: String,
    /// The identities of the answers that had been asked for, and had not come.
    pub answers: Vec<Uuid>,
}

/// Somebody wants no more answers in the thread, unless the product is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Muted {
    /// Where.
    pub place: Place,
    /// Who, as the chat calls them.
    pub by: String,
}

/// Somebody wants answers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unmuted {
    /// Where.
    pub place: Place,
    /// Who, as the chat calls them.
    pub by: String,
}

/// How good an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It helped.
    Good,
    /// It did not.
    Bad,
}

/// Somebody says how good an answer was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeedbackGiven {
    /// The answer's identity.
    pub answer_id: Uuid,
    /// Who, as the chat calls them.
    pub by: String,
    /// How good it was.
    pub verdict: Verdict,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Somebody wants to know where an answer came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExplanationRequested {
    /// The answer's identity.
    pub answer_id: Uuid,
    /// Who, as the chat calls them.
    pub by: String,
}

/// The author changed what they had asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageEdited {
    /// The message.
    pub message_id: String,
    /// What it says now.
    pub text: String,
}

/// The author took back what they had asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageDeleted {
    /// The message.
    pub message_id: String,
}
