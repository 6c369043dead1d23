//! What an action can be asked, and how it decides.

use chrono::{DateTime, Utc};

use super::{
    event::{ActionEvent, Approved, Denied, Executed, Expired, Failed, Proposed},
    state::Action,
};
use crate::Aggregate;

/// What an action can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionCommand {
    /// An agent proposes it.
    Propose(Proposed),
    /// Somebody lets it happen.
    Approve {
        /// Who, as `<kind>:<id>`.
        by: String,
        /// When they said so.
        at: DateTime<Utc>,
    },
    /// Somebody does not let it happen.
    Deny {
        /// Who, as `<kind>:<id>`.
        by: String,
        /// Why, if they said so.
        reason: Option<String>,
        /// When they said so.
        at: DateTime<Utc>,
    },
    /// The time to decide may be over.
    Expire {
        /// The time now.
        at: DateTime<Utc>,
    },
    /// It was done.
    Execute(Executed),
    /// It was tried, and did not work.
    Fail(Failed),
}

/// Why an action refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody proposed it.
    #[error("nobody proposed this action")]
    Unknown,
    /// Another proposal has this identity.
    #[error("another action was proposed in its place")]
    ProposedOtherwise,
    /// The time to decide is over.
    #[error("the time to decide on this action is over")]
    Expired,
    /// The time to decide is not over.
    #[error("there is still time to decide on this action")]
    NotExpired,
    /// Somebody approved it before.
    #[error("`{0}` approved this action already")]
    Approved(String),
    /// Somebody denied it before.
    #[error("`{0}` denied this action already")]
    Denied(String),
    /// Nobody approved it, so nothing of it can have run.
    #[error("this action is not approved")]
    NotApproved,
    /// What came of it is known, and was something else.
    #[error("what came of this action is known already")]
    Over,
}

impl Aggregate for Action {
    type Event = ActionEvent;
    type Command = ActionCommand;
    type Error = Refusal;

    fn decide(&self, command: ActionCommand) -> Result<Vec<ActionEvent>, Refusal> {
        let decided = match command {
            ActionCommand::Propose(proposal) => self.propose(proposal)?,
            ActionCommand::Approve { by, at } => self.approve(by, at)?,
            ActionCommand::Deny { by, reason, at } => self.deny(by, reason, at)?,
            ActionCommand::Expire { at } => self.expire(at)?,
            ActionCommand::Execute(executed) => match self {
                Self::Executed { .. } => None,
                Self::Failed { .. } => return Err(Refusal::Over),
                _ => self.ran(executed)?,
            },
            ActionCommand::Fail(failed) => match self {
                Self::Failed { .. } => None,
                Self::Executed { .. } => return Err(Refusal::Over),
                _ => self.ran(failed)?,
            },
        };
        Ok(decided.into_iter().collect())
    }

    fn evolve(self, event: &ActionEvent) -> Self {
        self.after(event)
    }
}

impl Action {
    fn propose(&self, proposal: Proposed) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Ok(Some(proposal.into())),
            Self::Proposed(known) | Self::Approved { proposal: known, .. } if *known != proposal => {
                Err(Refusal::ProposedOtherwise)
            }
            _ => Ok(None),
        }
    }

    fn approve(&self, by: String, at: DateTime<Utc>) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Err(Refusal::Unknown),
            Self::Proposed(proposal) if at < proposal.expires_at => Ok(Some(Approved { by }.into())),
            Self::Proposed(_) | Self::Expired => Err(Refusal::Expired),
            Self::Denied { by } => Err(Refusal::Denied(by.clone())),
            // The same button, pressed or told twice.
            Self::Approved { by: first, .. } | Self::Executed { by: first } | Self::Failed { by: first } => {
                if *first == by {
                    Ok(None)
                } else {
                    Err(Refusal::Approved(first.clone()))
                }
            }
        }
    }

    fn deny(&self, by: String, reason: Option<String>, at: DateTime<Utc>) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Err(Refusal::Unknown),
            Self::Proposed(proposal) if at < proposal.expires_at => Ok(Some(Denied { by, reason }.into())),
            Self::Proposed(_) | Self::Expired => Err(Refusal::Expired),
            Self::Denied { by: first } if *first == by => Ok(None),
            Self::Denied { by: first } => Err(Refusal::Denied(first.clone())),
            Self::Approved { by, .. } | Self::Executed { by } | Self::Failed { by } => {
                Err(Refusal::Approved(by.clone()))
            }
        }
    }

    fn expire(&self, at: DateTime<Utc>) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Err(Refusal::Unknown),
            Self::Proposed(proposal) if at < proposal.expires_at => Err(Refusal::NotExpired),
            Self::Proposed(_) => Ok(Some(Expired {}.into())),
            Self::Approved { .. }
            | Self::Denied { .. }
            | Self::Expired
            | Self::Executed { .. }
            | Self::Failed { .. } => Ok(None),
        }
    }

    /// What came of it, where something could.
    fn ran(&self, outcome: impl Into<ActionEvent>) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Err(Refusal::Unknown),
            Self::Approved { .. } => Ok(Some(outcome.into())),
            Self::Proposed(_) | Self::Denied { .. } | Self::Expired => Err(Refusal::NotApproved),
            Self::Executed { .. } | Self::Failed { .. } => Err(Refusal::Over),
        }
    }
}

#[cfg(test)]
mod tests;
