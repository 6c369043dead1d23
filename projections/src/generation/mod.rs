//! Generations of the read models: one is read, others are built, compared, kept or looked at in schemas of their own.

mod as_of;
mod bisect;
mod build;
mod carry;
mod copies;
mod difference;
mod error;
mod exclusive;
mod fill;
mod index;
mod question;
mod registry;
mod renew;
mod replayed;
pub(crate) mod schema;
mod swap;

pub use as_of::{AsOf, Moment, as_of, drop_as_of};
pub use bisect::{Bisected, Question, Turn, bisect};
pub use build::{Compared, Progress, diff};
pub(crate) use copies::list as copies;
pub use difference::{Difference, Kind, TableDifference};
pub use error::Error;
pub(crate) use index::{defer as defer_indexes, make as make_indexes};
pub use registry::{Generation, State, list};
pub use renew::{Renewal, Renewed, renew, rollback};
pub use replayed::{drop_replayed, replayed};
pub(crate) use schema::CHECKPOINTS;
pub use schema::check_migrations;
