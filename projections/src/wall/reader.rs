//! A connection in use.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection as _, PgConnection};
use tokio::{
    runtime::Handle,
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout},
};

use super::connections::Connections;

/// How long the server may go on with what nobody waits for any more, before its connection is closed.
const GRACE: Duration = Duration::from_millis(100);

/// A connection, and a place among those who read at once.
///
/// Dropping it rolls back, without keeping anybody waiting but the next one for this connection.
#[derive(Debug)]
pub(crate) struct Reader(Option<Parts>);

#[derive(Debug)]
struct Parts {
    connection: PgConnection,
    opened: Instant,
    connections: Arc<Connections>,
    turn: OwnedSemaphorePermit,
    in_transaction: bool,
}

impl Reader {
    pub(super) fn new(
        connection: PgConnection,
        opened: Instant,
        connections: Arc<Connections>,
        turn: OwnedSemaphorePermit,
    ) -> Self {
        Self(Some(Parts {
            connection,
            opened,
            connections,
            turn,
            in_transaction: false,
        }))
    }

    /// What to read with.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.parts().connection
    }

    /// What to begin a transaction with.
    pub(super) fn begin(&mut self) -> &mut PgConnection {
        self.parts().in_transaction = true;
        self.connection()
    }

    /// Lets go of a connection that is in no transaction, after a statement that came to its end.
    pub fn keep(mut self) {
        if let Some(parts) = self.0.take() {
            parts.keep();
        }
    }

    fn parts(&mut self) -> &mut Parts {
        let Some(parts) = &mut self.0 else {
            unreachable!("only letting go takes them");
        };
        parts
    }
}

impl Parts {
    /// Leaves the connection as it was, whatever the server is still about to say.
    async fn tidy(&mut self) -> Result<(), sqlx::Error> {
        if self.in_transaction {
            sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await.map(drop)
        } else {
            self.connection.ping().await
        }
    }

    fn keep(self) {
        self.connections.keep(self.connection, self.opened);
        drop(self.turn);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(mut parts) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                match timeout(GRACE, parts.tidy()).await {
                    Ok(Ok(())) => parts.keep(),
                    // Closing it ends what the server is still doing for nobody.
                    Ok(Err(_)) | Err(_) => drop(parts),
                }
            });
        }
    }
}
