//! Where every fact and event stands and what caused it; the payload stays in the stream.

mod read;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Entry, caused_by, correlated, find, latest};
pub use write::apply;
