//! Readers behind the wall.

use infragpt_events::organization::Role;
use sqlx::{PgConnection, PgTransaction, Postgres, pool::PoolConnection};
use tokio::sync::OwnedSemaphorePermit;

/// A read-only transaction that sees the rows of one organization, and what a person may do there.
///
/// Dropping it ends it. The server's answer to that is nobody's to wait for: what only read has nothing to lose.
#[derive(Debug)]
pub struct Inside {
    pub(super) transaction: PgTransaction<'static>,
    pub(super) role: Option<Role>,
    pub(super) _turn: OwnedSemaphorePermit,
}

impl Inside {
    /// What the person may do in the organization, as the log says; nothing when they don't belong to it, or when either is
    /// deleted.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// What to read with.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

/// A connection for one statement that enters by itself. It is in no transaction.
#[derive(Debug)]
pub(crate) struct Once {
    pub(super) connection: PoolConnection<Postgres>,
    pub(super) _turn: OwnedSemaphorePermit,
}

impl Once {
    /// What to read with.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
