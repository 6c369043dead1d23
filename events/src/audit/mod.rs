//! What has to be known later and changes nothing: uses of a credential, and what was refused.
//!
//! What changes something is an event of its own and needs no second record.

mod command;
mod event;

pub use command::{Audit, AuditCommand, id};
pub use event::{AuditEvent, AuditedAction, Recorded};
