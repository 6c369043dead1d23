//! Which external accounts an organization has connected or is about to connect, and how the connections are.

mod attempt;
mod read;
mod row;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Integration, find, list};
pub use write::apply;
