//! What a question asks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::period::Period;

/// What the built-in agent understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// What it can be asked.
    Help,
    /// How the installation is doing.
    Status,
    /// Which integrations, repositories and channels are connected.
    Connected,
    /// What changed, failed, was released or deployed, and who did it.
    Changes(ChangesQuestion),
    /// The failed jobs of a workflow run are to run again.
    Rerun(RerunOrder),
    /// Something else to be done rather than told.
    Action,
    /// Anything else: it is answered with what can be asked.
    Unknown,
}

/// The particulars of a question about changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesQuestion {
    /// The period asked about; the last 24 hours where nobody says.
    pub period: Period,
    /// `acme/payments`, or `payments`, which has to be looked up.
    pub repository: Option<String>,
    /// Only these kinds; all where empty.
    pub kinds: BTreeSet<ChangeKind>,
    /// Only by one of these people, as they were named.
    pub people: Vec<String>,
    /// How the answer is arranged.
    pub grouping: Grouping,
    /// Whether a cause was asked for (why, how come), which a list of changes does not give.
    pub wants_cause: bool,
    /// Words that were not understood, so that the answer can say that it leaves them out.
    pub not_understood: Vec<String>,
}

/// The particulars of an order to run failed jobs again: of the newest failed run that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerunOrder {
    /// `acme/payments`, or `payments`, which has to be looked up.
    pub repository: Option<String>,
    /// The number of the run, where it was given.
    pub run: Option<u64>,
    /// Only what failed then, where that was said.
    pub period: Option<Period>,
    /// Only what one of these people ran, as they were named.
    pub people: Vec<String>,
    /// Words that were not understood; one of them may be a repository.
    pub not_understood: Vec<String>,
}

/// How an answer about changes is arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// By kind of change, failures first.
    Kind,
    /// By person: someone asked who.
    Person,
}

/// A kind of change, as the tool `tool.v1.infragpt.changes` names it. The order is the order in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A workflow run that failed.
    WorkflowRunFailed,
    /// A deployment.
    Deployment,
    /// A published release.
    Release,
    /// A merged pull request.
    PullRequestMerged,
    /// A push of commits.
    Push,
    /// A kind that this version does not know; never asked for, only received.
    #[serde(other)]
    Other,
}
