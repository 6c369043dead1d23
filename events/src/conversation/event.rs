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
        AnswerRequested = "answer_requested" v 1,
        /// The answer stands in the thread.
        AnswerPosted = "answer_posted" v 1,
        /// There will be no answer.
        AnswerFailed = "answer_failed" v 1,
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
