//! The audit log: noted in memory at once, and in the log a moment later, what happened often in one record.

mod log;
mod note;

pub use log::AuditLog;
pub use note::Note;
