//! Keeps the read models up to date: one active projector, any number of standbys.

mod backoff;
mod lock;
mod positions;
mod pulse;
mod run;
mod stream;
mod writer;

pub(crate) use lock::holders;
pub use run::{Error, Projector};
pub use writer::Error as WriteError;
pub(crate) use {positions::Positions, writer::Writer};

#[cfg(test)]
pub(crate) use lock::Lock;
