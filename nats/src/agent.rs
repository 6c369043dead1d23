//! What `agent.v1.ask` is asked.

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The subject that an agent answers on.
pub const SUBJECT: &str = "agent.v1.ask";

/// A question to an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The conversation that it was asked in.
    pub conversation: Uuid,
    /// Whose conversation it is.
    pub organization: OrganizationId,
    /// The question.
    pub question: String,
    /// What was said before, oldest first.
    #[serde(default)]
    pub history: Vec<Turn>,
    /// What its tools may be called with: a signed [`Grant`](crate::Grant).
    pub grant: String,
    /// When the answer has to be there.
    pub deadline: DateTime<Utc>,
    /// What 'now' is for this question, so that a recorded one can be asked again.
    pub now: DateTime<Utc>,
}

/// Something that was said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// The person, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What was said.
    pub text: String,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person.
    User,
    /// An agent.
    Assistant,
}
