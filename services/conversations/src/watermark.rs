//! Up to where events may have been delivered before, whatever their delivery count says.
//!
//! A server that is killed keeps every event, but not every consumer's last steps: what was delivered and answered a
//! moment before comes again as if for the first time. So what was there when the connection was made is never taken
//! for new. The log's own sequence says so, without a clock.

use infragpt_nats::{Connection, EventStore};
use tokio::sync::Mutex;

/// The last event that was there when the connection was made.
#[derive(Debug)]
pub(crate) struct Watermark {
    connection: Connection,
    store: EventStore,
    known: Mutex<Option<(u64, u64)>>,
}

impl Watermark {
    pub fn new(connection: &Connection, store: &EventStore) -> Self {
        Self {
            connection: connection.clone(),
            store: store.clone(),
            known: Mutex::new(None),
        }
    }

    /// Whether the event with this sequence came after the connection was made. Asks the server once for each
    /// connection; where it does not answer, nothing is taken for new.
    pub async fn is_below(&self, sequence: u64) -> bool {
        let mut known = self.known.lock().await;
        let epoch = self.connection.epoch();
        let watermark = match *known {
            Some((of, watermark)) if of == epoch => watermark,
            _ => match self.store.last_sequence().await {
                Ok(last) => {
                    *known = Some((epoch, last));
                    last
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "The newest event is not known, so every thread is looked at first"
                    );
                    return false;
                }
            },
        };
        sequence > watermark
    }
}
