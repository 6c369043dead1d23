//! Says, for those who only see the tables, that they are current.

use std::time::Duration;

use infragpt_nats::{Connection, feed};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::positions::Positions;
use crate::{
    checkpoint::CONSUMER,
    heartbeat::{self, EVERY},
};

/// How soon to look again at a stream that isn't projected completely.
const SOON: Duration = Duration::from_millis(250);

/// Beats for `stream` while all of it is projected, until `stop`.
pub(super) async fn run(
    connection: Connection,
    database: PgPool,
    stream: &'static str,
    positions: Positions,
    stop: CancellationToken,
) {
    loop {
        let Some(complete) = stop
            .run_until_cancelled(is_complete(&connection, stream, &positions))
            .await
        else {
            return;
        };
        let wait = if complete {
            match stop.run_until_cancelled(heartbeat::beat(&database, stream)).await {
                None => return,
                Some(Ok(())) => EVERY,
                Some(Err(error)) => {
                    tracing::debug!(stream, %error, "A heartbeat could not be written");
                    SOON
                }
            }
        } else {
            SOON
        };
        if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
    }
}

/// Whether everything is projected that the stream held when asked.
async fn is_complete(connection: &Connection, stream: &str, positions: &Positions) -> bool {
    match feed::end(connection, stream, CONSUMER).await {
        // The position is looked at afterwards, so that it may be ahead of the end, but is never taken for what it was.
        Ok(end) => end.is_reached(positions.of(stream)),
        Err(error) => {
            tracing::debug!(stream, %error, "The end of a stream is not known");
            false
        }
    }
}
