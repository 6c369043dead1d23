//! The vault: credentials of integrations, sealed under a data key of their own, which is wrapped under a key of the
//! installation. It is opened in one role and nowhere else.
//!
//! Every opening and every change is recorded for an audit, at the latest 250 ms after it: a killed process may lose the
//! records of its last 250 ms, and nothing else. What it changed is in the log of credentials nevertheless.

mod cache;
mod changed;
mod credential;
mod envelope;
mod error;
mod flight;
mod key_ring;
mod random;
mod read;
mod refresh;
mod rotation;
mod secret;
mod shred;
mod store;
mod vault;

pub use credential::{Credential, Opened, Owner, Purpose, Reader};
pub use error::{Error, RefreshError};
pub use key_ring::{KeyRing, KeyRingError};
pub use rotation::{KeyStatus, LostKey, Progress, Rotation, Step};
pub use secret::{Secret, ShapeError};
pub use vault::Vault;
