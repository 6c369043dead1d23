//! Where every fact and event stands and what caused it; the payload stays in the stream.

mod forget;
mod read;
mod write;

pub(crate) use forget::{forget_facts, forget_organization, forget_user};
pub(crate) use read::fingerprint;
pub use read::{Entry, at, beginning_with, caused_by, correlated, find, latest, newest, related};
pub use write::apply;
