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

/// What a `step` frame says of one thing that an agent does while it works, so that people see it. A later frame with the
/// same id says how that went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which of its steps.
    pub id: String,
    /// What it does, for people, as in `reads the changes of acme/payments`.
    pub title: String,
    /// How far that is.
    #[serde(default)]
    pub state: StepState,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It is being done.
    #[default]
    Running,
    /// It is done.
    Done,
    /// It did not work.
    Failed,
}

/// What a `proposal` frame asks people to allow. The agent itself can't do it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What would be done, in a line.
    pub title: String,
    /// The tool that would do it: its subject.
    pub tool: String,
    /// What the tool would be given.
    pub arguments: serde_json::Value,
    /// Why, for people.
    pub reason: String,
    /// To what, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What would be another way afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}
