//! `tool.v1.infragpt.status`: how the organization's InfraGPT is doing.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};
use infragpt_events::OrganizationId;
use infragpt_nats::{Connection, feed};
use serde::Serialize;
use sqlx::PgPool;

use super::integrations::{self, Connected};
use crate::{changes, checkpoint, conversations};

/// The stream that answers are made from.
const STREAM: &str = "EVENTS";

/// How long NATS may take to say how far the stream goes: an answer without the lag is better than a late one.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub integrations: Vec<Connected>,
    pub conversations: i64,
    /// Since midnight, UTC.
    pub changes_today: i64,
    pub last_change_at: Option<DateTime<Utc>>,
    /// 0 when everything is projected, else for how long at most something is not; absent when that isn't known.
    pub projection_lag_seconds: Option<f64>,
}

pub(super) async fn answer(
    database: &PgPool,
    connection: &Connection,
    organization: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Answer, sqlx::Error> {
    let midnight = now.with_time(NaiveTime::MIN).single().unwrap_or(now);
    let rows = async {
        let connected = integrations::answer(database, organization).await?;
        let conversations = conversations::count(database, organization).await?;
        let changes_today = changes::since(database, organization, midnight).await?;
        let last_change_at = changes::latest(database, organization).await?;
        let checkpoint = checkpoint::find(database, STREAM).await?;
        Ok::<_, sqlx::Error>((connected, conversations, changes_today, last_change_at, checkpoint))
    };
    let end = tokio::time::timeout(PATIENCE, feed::last_sequence(connection, STREAM));
    let (rows, end) = tokio::join!(rows, end);
    let (connected, conversations, changes_today, last_change_at, checkpoint) = rows?;
    let end = end.ok().and_then(Result::ok);
    let (sequence, published_at) =
        checkpoint.map_or((0, None), |found| (u64::try_from(found.sequence).unwrap_or(0), found.published_at));
    Ok(Answer {
        integrations: connected.integrations,
        conversations,
        changes_today,
        last_change_at,
        projection_lag_seconds: end.and_then(|end| lag(end, sequence, published_at, now)),
    })
}

fn lag(end: u64, sequence: u64, published_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<f64> {
    if sequence >= end {
        return Some(0.0);
    }
    Some((now - published_at?).to_std().unwrap_or_default().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_lag_is_the_age_of_the_last_projected_event_unless_it_is_the_last() {
        let now = DateTime::UNIX_EPOCH;
        let published = Some(now - TimeDelta::seconds(3));
        assert_eq!(lag(7, 7, published, now), Some(0.0));
        assert_eq!(lag(8, 7, published, now), Some(3.0));
        assert_eq!(lag(0, 0, None, now), Some(0.0));
        assert_eq!(lag(8, 0, None, now), None);
    }
}
