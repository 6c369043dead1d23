//! Who did what, tried what, and was refused what: one entry for every event of an organization but recorded changes, and
//! one for every audit record.

pub(crate) mod entry;
mod read;
mod write;

pub use entry::Outcome;
pub(crate) use read::fingerprint;
pub use read::{Entry, Filter, Key, page};
pub(crate) use write::apply;
