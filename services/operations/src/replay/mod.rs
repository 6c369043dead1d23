//! Recorded facts through the handlers of this build, with the log as it was when each was handled: what would be decided
//! now, against what was decided then. Nothing is appended.

mod branch;
mod compare;
mod handlers;
mod live;
mod recorded;
mod run;
mod today;

pub use branch::{Branched, Error as BranchError, branch};
pub use compare::{Appended, Change, Difference, Fact};
pub use handlers::Answerer;
pub use live::{Again, Error as LiveError, Live};
pub use run::{Error, Replay, Verdict};
