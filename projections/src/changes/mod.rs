//! What changed in an organization's systems: pushes, merged pull requests, failed runs, releases, deployments.

mod document;
mod filter;
mod page;
mod read;
mod write;

pub use document::{Actor, Change, Document};
pub use filter::{Filter, Key};
pub use page::{documents, enter, page};
pub(crate) use read::fingerprint;
pub use read::{find, latest, since};
pub use write::apply;
