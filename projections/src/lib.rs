//! The read models: what the log says, as PostgreSQL tables that can be dropped and rebuilt. The only crate with SQL.

pub mod actions;
pub mod audit;
pub mod bare;
mod batch;
pub mod changes;
pub mod checkpoint;
mod column;
pub mod conversations;
pub mod database;
mod erasure;
pub mod event_index;
mod fingerprint;
pub mod generation;
mod heartbeat;
pub mod inspection;
pub mod integrations;
pub mod members;
pub mod organizations;
mod page;
pub mod problem;
pub mod projector;
pub mod queries;
pub mod rebuild;
mod recorded;
pub mod resources;
pub mod standing;
pub mod status;
pub mod usage;
pub mod users;
pub mod wall;

pub use batch::Batch;
pub use database::{connect, create_database, drop_database, migrate};
pub use fingerprint::{Fingerprint, fingerprint};
pub use page::Page;
pub use projector::Projector;
pub use rebuild::{Rebuilt, rebuild};
pub use recorded::Recorded;
/// What the functions here take; nothing else of the driver is seen outside.
pub use sqlx::{Error as DatabaseError, PgConnection, PgPool};
pub use status::{StreamStatus, status};

#[cfg(test)]
mod tests;
