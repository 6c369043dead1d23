//! What is known of a proposed action.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::event::{ActionEvent, Proposed};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a08");

/// An action's identity: which of the proposals of an answer it is, from 0. Proposing it again gives no second one.
pub fn id(answer: Uuid, number: u32) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{answer}.{number}").as_bytes())
}

/// An action.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Action {
    /// Nobody proposed it.
    #[default]
    Unknown,
    /// It waits for a decision.
    Proposed(Proposed),
    /// It may run, and has not said yet what came of it.
    Approved {
        /// What was approved.
        proposal: Proposed,
        /// Who approved it, as `<kind>:<id>`.
        by: String,
    },
    /// It will not run.
    Denied {
        /// Who denied it, as `<kind>:<id>`.
        by: String,
    },
    /// It will not run: nobody decided in time.
    Expired,
    /// It ran.
    Executed {
        /// Who approved it.
        by: String,
    },
    /// It ran, or could not, and did not work.
    Failed {
        /// Who approved it.
        by: String,
    },
}

/// An action's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits for a decision.
    Proposed,
    /// Somebody let it happen.
    Approved,
    /// Somebody did not let it happen.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// It was done.
    Executed,
    /// It was tried, and did not work.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Proposed,
        Self::Approved,
        Self::Denied,
        Self::Expired,
        Self::Executed,
        Self::Failed,
    ];

    /// The state as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Executed => "executed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Action {
    /// The state in one word; nothing where nobody proposed it.
    pub fn state(&self) -> Option<State> {
        match self {
            Self::Unknown => None,
            Self::Proposed(_) => Some(State::Proposed),
            Self::Approved { .. } => Some(State::Approved),
            Self::Denied { .. } => Some(State::Denied),
            Self::Expired => Some(State::Expired),
            Self::Executed { .. } => Some(State::Executed),
            Self::Failed { .. } => Some(State::Failed),
        }
    }

    /// What is to be run now: only what was approved, and has not run.
    pub fn to_run(&self) -> Option<&Proposed> {
        match self {
            Self::Approved { proposal, .. } => Some(proposal),
            Self::Unknown
            | Self::Proposed(_)
            | Self::Denied { .. }
            | Self::Expired
            | Self::Executed { .. }
            | Self::Failed { .. } => None,
        }
    }

    pub(super) fn after(self, event: &ActionEvent) -> Self {
        match (self, event) {
            (Self::Unknown, ActionEvent::Proposed(proposed)) => Self::Proposed(proposed.clone()),
            (Self::Proposed(proposal), ActionEvent::Approved(approved)) => Self::Approved {
                proposal,
                by: approved.by.clone(),
            },
            (Self::Proposed(_), ActionEvent::Denied(denied)) => Self::Denied { by: denied.by.clone() },
            (Self::Proposed(_), ActionEvent::Expired(_)) => Self::Expired,
            (Self::Approved { by, .. }, ActionEvent::Executed(_)) => Self::Executed { by },
            (Self::Approved { by, .. }, ActionEvent::Failed(_)) => Self::Failed { by },
            (before, _) => before,
        }
    }
}
