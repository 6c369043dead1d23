//! A proposed action, as the API shows it.

use chrono::{DateTime, Utc};
use infragpt_projections::actions;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::words;

/// Something that an agent proposed to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Action {
    /// Its identity.
    id: Uuid,
    /// The conversation that it was proposed in.
    conversation_id: Uuid,
    /// The answer that proposed it.
    answer_id: Uuid,
    /// What would be done, in a line.
    title: String,
    /// The tool that would do it.
    tool: String,
    /// What the tool would be given.
    arguments: Value,
    /// Why.
    reason: String,
    /// What became of it.
    #[schema(value_type = words::ActionState)]
    state: String,
    /// Who approved or denied it, as `<kind>:<id>`.
    decided_by: Option<String>,
    /// When they did.
    decided_at: Option<DateTime<Utc>>,
    /// What came of it, why it failed, or why it was denied.
    outcome: Option<String>,
    /// When it was proposed.
    proposed_at: DateTime<Utc>,
    /// Until when somebody could decide.
    expires_at: DateTime<Utc>,
}

impl From<actions::Action> for Action {
    fn from(action: actions::Action) -> Self {
        Self {
            id: action.id,
            conversation_id: action.conversation_id,
            answer_id: action.answer_id,
            title: action.title,
            tool: action.tool,
            arguments: action.arguments,
            reason: action.reason,
            state: action.state,
            decided_by: action.decided_by,
            decided_at: action.decided_at,
            outcome: action.outcome,
            proposed_at: action.proposed_at,
            expires_at: action.expires_at,
        }
    }
}
