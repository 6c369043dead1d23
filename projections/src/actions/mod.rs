//! What agents proposed to do, what people decided, and what came of it.

mod read;
mod row;
mod write;

pub(crate) use read::fingerprint;
pub use read::{Action, Filter, Key, find, page};
pub use write::apply;
