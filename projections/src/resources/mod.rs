//! What each integration may see: repositories and channels.

mod read;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Filter, Key, Resource, list, page};
pub use write::apply;
