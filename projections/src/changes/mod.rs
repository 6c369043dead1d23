//! What changed in an organization's systems: pushes, merged pull requests, failed runs, releases, deployments.

mod read;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Actor, Change, Filter, Key, find, latest, page, since};
pub use write::apply;
