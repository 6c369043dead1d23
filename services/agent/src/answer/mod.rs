//! From what the tools replied to Markdown for people. Pure, and safe with titles and names that strangers chose.

mod about;
mod changes;
mod facts;
mod markdown;
mod notes;
mod repository;
mod rerun;
#[cfg(test)]
mod tests;

pub use about::{
    connected, help, no_action, no_repository, not_begun, repository_ambiguous, repository_not_connected, status,
    unknown,
};
pub use changes::answer as changes;
pub use facts::{Account, Actor, Change, Changes, ChangesRequest, GrantOnly, Integration, Integrations, Status};
pub use repository::{Meant, find as find_repository};
pub use rerun::{FailedRun, find_run, no_run, proposal, rerun, which_run};
