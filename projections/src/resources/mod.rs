//! What each integration may see: repositories and channels.

mod read;
mod write;

pub use read::{Resource, list};
pub use write::apply;
pub(crate) use read::fingerprint;
