//! What each integration may see: repositories and channels.

mod read;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Resource, list};
pub use write::apply;
