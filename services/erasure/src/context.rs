//! What both kinds of erasure work with, and how one subject is swept.

use std::time::Duration;

use chrono::{DateTime, Utc};
use infragpt_nats::{Accounts, Connection, Erasable, Eraser, EventStore, Log};
use tokio_util::sync::CancellationToken;

use crate::{error::Error, progress::Ledger};

/// What both kinds of erasure work with.
#[derive(Debug)]
pub(crate) struct Context {
    pub connection: Connection,
    pub eraser: Eraser,
    pub store: EventStore,
    pub log: Log,
    pub accounts: Accounts,
    pub ledger: Ledger,
    pub clock: fn() -> DateTime<Utc>,
    pub delay: Duration,
    pub shutdown: CancellationToken,
}

impl Context {
    pub fn new(
        connection: &Connection,
        clock: fn() -> DateTime<Utc>,
        delay: Duration,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            connection: connection.clone(),
            eraser: Eraser::new(connection),
            store: EventStore::new(connection),
            log: Log::new(connection),
            accounts: Accounts::new(connection),
            ledger: Ledger::default(),
            clock,
            delay,
            shutdown,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Erases what there is of `stream` on subjects that match `filter` and that `is_meant`, and tells `erased` of each at
    /// once; returns how many. What arrives meanwhile is left for the next time, or this would never end.
    pub async fn sweep(
        &self,
        stream: &str,
        filter: &str,
        mut is_meant: impl FnMut(&Erasable) -> bool + Send,
        mut erased: impl FnMut(&Erasable) + Send,
    ) -> Result<u64, Error> {
        let Some(newest) = self.eraser.newest(stream, filter).await? else {
            return Ok(0);
        };
        let (mut after, mut count) = (0, 0);
        while after < newest {
            let page = self.eraser.page(stream, filter, after).await?;
            let Some(last) = page.last() else { break };
            after = last.sequence;
            for message in page {
                if message.sequence > newest {
                    return Ok(count);
                }
                if is_meant(&message) {
                    if self.shutdown.is_cancelled() {
                        return Err(Error::Ending);
                    }
                    // One that somebody else erased first is gone, too.
                    self.eraser.erase(stream, message.sequence).await?;
                    erased(&message);
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}
