//! An integration's credential: sealed before it gets here, so that the log holds nothing but ciphertext.

mod command;
mod event;
mod state;

pub use command::{CredentialCommand, Refusal};
pub use event::{CredentialEvent, RefreshFailed, Refreshed, Revoked, Rewrapped, Sealed, Shredded, Stored};
pub use state::{Credential, Generation};
