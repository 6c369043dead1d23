//! `tool.v1.infragpt.changes`: what changed between two times.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, change::ChangeKind};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::changes::{self, Document, Filter};

/// How many changes are returned when the caller doesn't say.
const USUAL: u16 = 50;
/// How many changes are returned at most: what an agent can make sense of, and well below what a message holds.
const MOST: u16 = 200;

/// What is asked; the organization is the grant's.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    repository: Option<String>,
    #[serde(default)]
    kinds: Vec<ChangeKind>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: Option<u16>,
}

/// The newest changes that were wanted.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    /// The newest first.
    pub changes: Vec<Document>,
    /// Whether there are older ones that the limit cut off.
    pub truncated: bool,
}

pub(crate) async fn answer(
    database: &PgPool,
    organization: &OrganizationId,
    request: Request,
) -> Result<Answer, sqlx::Error> {
    let filter = Filter {
        repository: request.repository.filter(|repository| !repository.is_empty()),
        kinds: request.kinds,
        actor: None,
        since: Some(request.since),
        until: Some(request.until),
    };
    let limit = request.limit.unwrap_or(USUAL).min(MOST);
    let mut connection = database.acquire().await?;
    let page = changes::documents(&mut connection, organization, &filter, None, limit).await?;
    Ok(Answer {
        changes: page.rows,
        truncated: page.next.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_is_named() {
        let request = serde_json::json!({
            "kinds": ["rename"], "since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z",
        });
        let error = serde_json::from_value::<Request>(request).unwrap_err().to_string();
        assert!(error.contains("unknown variant `rename`"), "{error}");
    }
}
