//! Who belongs to each organization, and what they may do in it.

mod read;
mod row;
mod write;

pub use read::{Filter, Key, Member, find, page};
pub(crate) use read::{fingerprint, role};
pub(crate) use row::about;
pub use write::apply;
