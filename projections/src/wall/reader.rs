//! A connection in use.

use std::sync::Arc;

use futures::FutureExt as _;
use sqlx::PgConnection;
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit};

use super::connections::Connections;

/// A connection, and a place among those who read at once.
///
/// Dropping it rolls back whatever transaction it is in, which takes the connection out of use until that is done.
#[derive(Debug)]
pub(crate) struct Reader(Option<Parts>);

#[derive(Debug)]
struct Parts {
    connection: PgConnection,
    connections: Arc<Connections>,
    turn: OwnedSemaphorePermit,
}

impl Reader {
    pub(super) fn new(connection: PgConnection, connections: Arc<Connections>, turn: OwnedSemaphorePermit) -> Self {
        Self(Some(Parts {
            connection,
            connections,
            turn,
        }))
    }

    pub fn connection(&mut self) -> &mut PgConnection {
        let Some(parts) = &mut self.0 else {
            unreachable!("only letting go takes them");
        };
        &mut parts.connection
    }

    /// Lets go of a connection that is in no transaction.
    pub fn keep(mut self) {
        if let Some(parts) = self.0.take() {
            parts.keep();
        }
    }

    /// Lets go of a connection as soon as the server is told to roll back; whoever takes it next hears its answer first.
    pub fn roll_back(mut self) {
        let Some(mut parts) = self.0.take() else { return };
        match parts.roll_back().now_or_never() {
            None | Some(Ok(())) => parts.keep(),
            Some(Err(error)) => tracing::debug!(%error, "A connection to the database was closed already"),
        }
    }
}

impl Parts {
    async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await.map(drop)
    }

    fn keep(self) {
        self.connections.keep(self.connection);
        drop(self.turn);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Somebody stopped half-way: nobody knows what the server is still about to say.
        if let Some(mut parts) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                if parts.roll_back().await.is_ok() {
                    parts.keep();
                }
            });
        }
    }
}
