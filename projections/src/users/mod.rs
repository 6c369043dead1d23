//! What people are called, and where mail reaches them.

mod read;
mod row;
mod write;

pub(crate) use read::fingerprint;
pub use read::{User, find};
pub(crate) use row::about;
pub use write::apply;
