//! Which external accounts an organization has connected, and in what state the connections are.

mod read;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Integration, find, list};
pub use write::apply;
