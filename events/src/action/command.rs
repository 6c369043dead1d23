//! What an action can be asked, and how it decides.

use chrono::{DateTime, Utc};

use super::{
    event::{ActionEvent, Approved, Denied, Executed, Expired, Failed, Presented, Proposed, Refused},
    state::{Action, Progress},
};
use crate::Aggregate;

/// What an action can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionCommand {
    /// An agent proposes it.
    Propose(Proposed),
    /// People can see it now, and decide.
    Present(Presented),
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
    /// Somebody wants to decide who may not.
    Refuse(Refused),
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
            ActionCommand::Present(presented) => self.present(presented)?,
            ActionCommand::Approve { by, at } => self.approve(by, at)?,
            ActionCommand::Deny { by, reason, at } => self.deny(by, reason, at)?,
            ActionCommand::Refuse(refused) => {
                self.progress()?;
                Some(refused.into())
            }
            ActionCommand::Expire { at } => self.expire(at)?,
            ActionCommand::Execute(executed) => match self.progress()?.1 {
                Progress::Executed { .. } => None,
                progress => Some(ran(progress, executed)?),
            },
            ActionCommand::Fail(failed) => match self.progress()?.1 {
                Progress::Failed { .. } => None,
                progress => Some(ran(progress, failed)?),
            },
        };
        Ok(decided.into_iter().collect())
    }

    fn evolve(self, event: &ActionEvent) -> Self {
        self.after(event)
    }
}

impl Action {
    fn progress(&self) -> Result<(&Proposed, &Progress), Refusal> {
        match self {
            Self::Unknown => Err(Refusal::Unknown),
            Self::Known { proposal, progress, .. } => Ok((proposal, progress)),
        }
    }

    fn propose(&self, proposal: Proposed) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Ok(Some(proposal.into())),
            Self::Known { proposal: known, .. } if **known != proposal => Err(Refusal::ProposedOtherwise),
            Self::Known { .. } => Ok(None),
        }
    }

    /// The first message with the proposal counts.
    fn present(&self, presented: Presented) -> Result<Option<ActionEvent>, Refusal> {
        match self {
            Self::Unknown => Err(Refusal::Unknown),
            Self::Known { posted_id: None, .. } => Ok(Some(presented.into())),
            Self::Known { .. } => Ok(None),
        }
    }

    fn approve(&self, by: String, at: DateTime<Utc>) -> Result<Option<ActionEvent>, Refusal> {
        let (proposal, progress) = self.progress()?;
        match progress {
            Progress::Proposed if at < proposal.expires_at => Ok(Some(Approved { by }.into())),
            Progress::Proposed | Progress::Expired => Err(Refusal::Expired),
            Progress::Denied { by } => Err(Refusal::Denied(by.clone())),
            // The same button, pressed or told twice.
            Progress::Approved { by: first }
            | Progress::Executed { by: first, .. }
            | Progress::Failed { by: first, .. } => {
                if *first == by {
                    Ok(None)
                } else {
                    Err(Refusal::Approved(first.clone()))
                }
            }
        }
    }

    fn deny(&self, by: String, reason: Option<String>, at: DateTime<Utc>) -> Result<Option<ActionEvent>, Refusal> {
        let (proposal, progress) = self.progress()?;
        match progress {
            Progress::Proposed if at < proposal.expires_at => Ok(Some(Denied { by, reason }.into())),
            Progress::Proposed | Progress::Expired => Err(Refusal::Expired),
            Progress::Denied { by: first } if *first == by => Ok(None),
            Progress::Denied { by: first } => Err(Refusal::Denied(first.clone())),
            Progress::Approved { by } | Progress::Executed { by, .. } | Progress::Failed { by, .. } => {
                Err(Refusal::Approved(by.clone()))
            }
        }
    }

    fn expire(&self, at: DateTime<Utc>) -> Result<Option<ActionEvent>, Refusal> {
        let (proposal, progress) = self.progress()?;
        match progress {
            Progress::Proposed if at < proposal.expires_at => Err(Refusal::NotExpired),
            Progress::Proposed => Ok(Some(Expired {}.into())),
            Progress::Approved { .. }
            | Progress::Denied { .. }
            | Progress::Expired
            | Progress::Executed { .. }
            | Progress::Failed { .. } => Ok(None),
        }
    }
}

/// What came of it, where something could.
fn ran(progress: &Progress, outcome: impl Into<ActionEvent>) -> Result<ActionEvent, Refusal> {
    match progress {
        Progress::Approved { .. } => Ok(outcome.into()),
        Progress::Proposed | Progress::Denied { .. } | Progress::Expired => Err(Refusal::NotApproved),
        Progress::Executed { .. } | Progress::Failed { .. } => Err(Refusal::Over),
    }
}

#[cfg(test)]
mod tests;
