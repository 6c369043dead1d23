//! What each organization is called, and what it says about itself.

mod read;
mod row;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Organization, find};
pub use write::apply;
