//! Who did what, tried what, and was refused what.

mod entry;
pub(crate) mod export;
pub(crate) mod list;

pub(crate) use entry::AuditEntry;
