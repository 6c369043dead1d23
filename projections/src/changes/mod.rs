//! What changed in an organization's systems: pushes, merged pull requests, failed runs, releases, deployments.

mod document;
mod read;
mod write;

pub use document::{Actor, Change, Document};
pub(crate) use read::fingerprint;
pub use read::{Filter, Key, documents, enter, find, latest, page, since};
pub use write::apply;
