//! How those who may not ask JetStream know that the read models are current: the active projector says so.

use std::time::Duration;

use sqlx::PgExecutor;

/// How often the active projector says that nothing is left to project.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// Up to this age a heartbeat means that the read models are current.
const FRESH: f64 = 5.0;

/// Notes that nothing of `stream` is left to project, by PostgreSQL's clock.
pub(crate) async fn beat(database: impl PgExecutor<'_>, stream: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO projection_heartbeats (stream, complete_at) VALUES ($1, clock_timestamp())
         ON CONFLICT (stream) DO UPDATE SET complete_at = excluded.complete_at",
        stream
    )
    .execute(database)
    .await?;
    Ok(())
}

/// For how many seconds a stream has not been known to be projected completely, by the age of its last heartbeat.
pub(crate) fn lag(age: f64) -> f64 {
    if age <= FRESH { 0.0 } else { age }
}
