//! What events make of one action's row. It follows the aggregate.

use chrono::{DateTime, Utc};
use infragpt_events::action::{ActionEvent, State};
use uuid::Uuid;

use crate::{Recorded, column};

/// A row of `actions`, its values in the form that PostgreSQL holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub organization_id: String,
    pub id: Uuid,
    pub conversation_id: Uuid,
    pub answer_id: Uuid,
    pub title: String,
    pub tool: String,
    pub arguments: serde_json::Value,
    pub reason: String,
    pub state: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub proposed_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The place of the last event that shaped it.
    pub sequence: i64,
}

impl Row {
    /// The row that an event makes where there is none.
    pub fn first(event: &Recorded<ActionEvent>) -> Option<Self> {
        let ActionEvent::Proposed(proposed) = &event.event else {
            return None;
        };
        Some(Self {
            organization_id: event.organization.as_str().to_owned(),
            id: event.aggregate,
            conversation_id: proposed.conversation,
            answer_id: proposed.answer,
            title: column::text(&proposed.title),
            tool: column::text(&proposed.tool),
            arguments: column::json(&proposed.arguments),
            reason: column::text(&proposed.reason),
            state: State::Proposed.as_str().to_owned(),
            decided_by: None,
            decided_at: None,
            outcome: None,
            proposed_at: column::time(event.time),
            expires_at: column::time(proposed.expires_at),
            sequence: column::sequence(event.sequence),
        })
    }

    /// The row after `event`; none when it was applied before, or means nothing to an action in this state.
    pub fn after(&self, event: &Recorded<ActionEvent>) -> Option<Self> {
        let sequence = column::sequence(event.sequence);
        if sequence <= self.sequence {
            return None;
        }
        let (waits, runs) = (self.is(State::Proposed), self.is(State::Approved));
        let mut row = self.clone();
        match &event.event {
            ActionEvent::Approved(approved) if waits => row.decide(State::Approved, &approved.by, event.time),
            ActionEvent::Denied(denied) if waits => {
                row.decide(State::Denied, &denied.by, event.time);
                row.outcome = column::optional(denied.reason.as_deref());
            }
            ActionEvent::Expired(_) if waits => row.become_state(State::Expired),
            ActionEvent::Executed(executed) if runs => {
                row.become_state(State::Executed);
                row.outcome = Some(column::text(&executed.outcome));
            }
            ActionEvent::Failed(failed) if runs => {
                row.become_state(State::Failed);
                row.outcome = Some(column::text(&failed.reason));
            }
            _ => return None,
        }
        row.sequence = sequence;
        Some(row)
    }

    fn is(&self, state: State) -> bool {
        self.state == state.as_str()
    }

    fn become_state(&mut self, state: State) {
        state.as_str().clone_into(&mut self.state);
    }

    fn decide(&mut self, state: State, by: &str, at: DateTime<Utc>) {
        self.become_state(state);
        self.decided_by = Some(column::text(by));
        self.decided_at = Some(column::time(at));
    }
}
