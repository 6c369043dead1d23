//! What has to be known later and changed nothing: uses of credentials, and what was refused.

mod read;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Record, list};
pub use write::apply;
