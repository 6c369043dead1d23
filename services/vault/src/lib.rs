//! The vault: credentials of integrations, sealed under a data key of their own, which is wrapped under a key of the
//! installation. It is opened in one role and nowhere else.
//!
//! Every opening is recorded for an audit, at the latest 250 ms after it: a killed process may lose the records of
//! what it opened in its last 250 ms, and nothing else.

mod audit;
mod cache;
mod credential;
mod envelope;
mod error;
mod key_ring;
mod random;
mod secret;
mod vault;

pub use audit::{AuditLog, Note};
pub use credential::{Credential, Opened, Owner, Purpose, Reader};
pub use error::{Error, RefreshError};
pub use key_ring::{KeyRing, KeyRingError};
pub use secret::{Secret, ShapeError};
pub use vault::{KeyStatus, LostKey, Progress, Rotation, Vault};
