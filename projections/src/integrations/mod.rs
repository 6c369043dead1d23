//! Which external accounts an organization has connected, and in what state the connections are.

mod read;
mod write;

pub use read::{Integration, find, list};
pub use write::apply;
pub(crate) use read::fingerprint;
