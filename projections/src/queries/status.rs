//! `tool.v1.infragpt.status`: how the organization's InfraGPT is doing.

use chrono::{DateTime, NaiveTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgPool;

use super::integrations::{self, Connected};
use crate::{changes, checkpoint::READ_BY_TOOLS, conversations, heartbeat};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub integrations: Vec<Connected>,
    pub conversations: i64,
    /// Since midnight, UTC.
    pub changes_today: i64,
    pub last_change_at: Option<DateTime<Utc>>,
    /// 0 when everything is projected, else for how long that has not been so; absent before it first was.
    pub projection_lag_seconds: Option<f64>,
}

pub(crate) async fn answer(
    database: &PgPool,
    organization: &OrganizationId,
    now: DateTime<Utc>,
) -> Result<Answer, sqlx::Error> {
    // One connection, one question after the other: each takes a fraction of a millisecond.
    let mut connection = database.acquire().await?;
    let midnight = now.with_time(NaiveTime::MIN).single().unwrap_or(now);
    Ok(Answer {
        integrations: integrations::answer(&mut connection, organization).await?.integrations,
        conversations: conversations::count(&mut *connection, organization).await?,
        changes_today: changes::since(&mut *connection, organization, midnight).await?,
        last_change_at: changes::latest(&mut *connection, organization).await?,
        projection_lag_seconds: heartbeat::lag(&mut *connection, READ_BY_TOOLS).await?,
    })
}
