//! What changed in the repositories: pushes, merged pull requests, failed runs, releases, deployments.

mod change;
pub(crate) mod list;
pub(crate) mod show;

pub(crate) use change::Change;
