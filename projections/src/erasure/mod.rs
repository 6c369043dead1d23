//! Organizations and people that are gone: what was written of them goes, and nothing of them is written any more.

mod facts;
mod gone;
mod rows;

pub(crate) use facts::find as erased_facts;
pub(crate) use gone::Gone;
pub(crate) use rows::{apply, fingerprint};
