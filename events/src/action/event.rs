//! What happens to a proposed action.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{aggregate::domain_events, channel::Spot, conversation::Place};

domain_events! {
    /// What happens to a proposed action.
    pub enum ActionEvent of "action" {
        /// An agent proposes it.
        Proposed = "proposed" v 2,
        /// People can see it, and decide.
        Presented = "presented" v 1,
        /// Somebody lets it happen.
        Approved = "approved" v 1,
        /// Somebody does not let it happen.
        Denied = "denied" v 1,
        /// Somebody wanted to decide who may not.
        Refused = "refused" v 1,
        /// Nobody decided in time.
        Expired = "expired" v 1,
        /// It was done.
        Executed = "executed" v 1,
        /// It was tried, and did not work.
        Failed = "failed" v 1,
    }
}

/// An agent proposes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposed {
    /// The conversation that it is proposed in.
    pub conversation: Uuid,
    /// The answer that proposes it.
    pub answer: Uuid,
    /// What would be done, in a line.
    pub title: String,
    /// The tool that would do it: its subject.
    pub tool: String,
    /// What the tool would be given.
    pub arguments: serde_json::Value,
    /// Why, for people.
    pub reason: String,
    /// To what it would be done, for people: a repository, a run, an environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What would be another way afterwards, as a text of lines with `+` and `-`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Where people are asked; none where nobody was, before version 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Until when somebody can decide.
    pub expires_at: DateTime<Utc>,
}

/// People can see it, and decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presented {
    /// The identifier that the chat gave to the message with the proposal.
    pub posted_id: String,
}

/// Somebody lets it happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// Who, as `<kind>:<id>`.
    pub by: String,
}

/// Somebody does not let it happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Denied {
    /// Who, as `<kind>:<id>`.
    pub by: String,
    /// Why, if they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody wanted to decide who may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Who, as `<kind>:<id>`.
    pub by: String,
    /// Where they tried.
    pub spot: Spot,
    /// Why they may not, for them.
    pub reason: String,
}

/// Nobody decided in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expired {}

/// It was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Executed {
    /// What came of it, for people.
    pub outcome: String,
}

/// It was tried, and did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// Why, for people.
    pub reason: String,
}
