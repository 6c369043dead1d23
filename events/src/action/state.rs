//! What is known of a proposed action.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::event::{ActionEvent, Approved, Denied, Executed, Failed, Presented, Proposed};

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
    /// Somebody proposed it.
    Known {
        /// What would be done.
        proposal: Box<Proposed>,
        /// The message in which people can decide, once there is one.
        posted_id: Option<String>,
        /// How far it came.
        progress: Progress,
    },
}

/// How far a proposed action came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It waits for a decision.
    Proposed,
    /// It may run, and has not said yet what came of it.
    Approved {
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
        /// What came of it, for people.
        outcome: String,
    },
    /// It ran, or could not, and did not work.
    Failed {
        /// Who approved it.
        by: String,
        /// Why, for people.
        reason: String,
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

impl Progress {
    /// It in one word.
    pub fn state(&self) -> State {
        match self {
            Self::Proposed => State::Proposed,
            Self::Approved { .. } => State::Approved,
            Self::Denied { .. } => State::Denied,
            Self::Expired => State::Expired,
            Self::Executed { .. } => State::Executed,
            Self::Failed { .. } => State::Failed,
        }
    }

    fn after(self, event: &ActionEvent) -> Self {
        match (self, event) {
            (Self::Proposed, ActionEvent::Approved(Approved { by })) => Self::Approved { by: by.clone() },
            (Self::Proposed, ActionEvent::Denied(Denied { by, .. })) => Self::Denied { by: by.clone() },
            (Self::Proposed, ActionEvent::Expired(_)) => Self::Expired,
            (Self::Approved { by }, ActionEvent::Executed(Executed { outcome })) => Self::Executed {
                by,
                outcome: outcome.clone(),
            },
            (Self::Approved { by }, ActionEvent::Failed(Failed { reason })) => Self::Failed {
                by,
                reason: reason.clone(),
            },
            (before, _) => before,
        }
    }
}

impl Action {
    /// The state in one word; nothing where nobody proposed it.
    pub fn state(&self) -> Option<State> {
        match self {
            Self::Unknown => None,
            Self::Known { progress, .. } => Some(progress.state()),
        }
    }

    /// What is to be run now: only what was approved, and has not run.
    pub fn to_run(&self) -> Option<&Proposed> {
        match self {
            Self::Known {
                proposal,
                progress: Progress::Approved { .. },
                ..
            } => Some(proposal),
            Self::Unknown | Self::Known { .. } => None,
        }
    }

    pub(super) fn after(self, event: &ActionEvent) -> Self {
        match (self, event) {
            (Self::Unknown, ActionEvent::Proposed(proposed)) => Self::Known {
                proposal: Box::new(proposed.clone()),
                posted_id: None,
                progress: Progress::Proposed,
            },
            (Self::Known { proposal, progress, .. }, ActionEvent::Presented(Presented { posted_id })) => Self::Known {
                proposal,
                posted_id: Some(posted_id.clone()),
                progress,
            },
            (
                Self::Known {
                    proposal,
                    posted_id,
                    progress,
                },
                event,
            ) => Self::Known {
                proposal,
                posted_id,
                progress: progress.after(event),
            },
            (Self::Unknown, _) => Self::Unknown,
        }
    }
}
