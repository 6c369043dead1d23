//! `tool.v1.infragpt.status`: how the organization's InfraGPT is doing.

use chrono::{DateTime, NaiveTime, Utc};
use infragpt_events::OrganizationId;
use serde::Serialize;
use sqlx::PgPool;

use super::integrations::{self, Connected};
use crate::{checkpoint::READ_BY_TOOLS, heartbeat};

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
    let mut connection = database.acquire().await?;
    let midnight = now.with_time(NaiveTime::MIN).single().unwrap_or(now);
    let connected = integrations::answer(&mut connection, organization, now).await?;
    let summary = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM conversations WHERE organization_id = $1) AS "conversations!",
                  (SELECT count(*) FROM changes WHERE organization_id = $1 AND occurred_at >= $2) AS "changes_today!",
                  (SELECT max(occurred_at) FROM changes WHERE organization_id = $1) AS last_change_at,
                  (SELECT extract(epoch FROM clock_timestamp() - complete_at)::float8
                   FROM projection_heartbeats WHERE stream = $3) AS heartbeat_age"#,
        organization.as_str(),
        midnight,
        READ_BY_TOOLS,
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(Answer {
        integrations: connected.integrations,
        conversations: summary.conversations,
        changes_today: summary.changes_today,
        last_change_at: summary.last_change_at,
        projection_lag_seconds: summary.heartbeat_age.map(heartbeat::lag),
    })
}
