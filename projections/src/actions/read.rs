//! Reads `actions`.

use chrono::{DateTime, Utc};
use infragpt_events::{OrganizationId, action::State};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::{Fingerprint, Page, column, page::one_more};

/// Something that an agent proposed to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its identity.
    pub id: Uuid,
    /// The conversation that it was proposed in.
    pub conversation_id: Uuid,
    /// The answer that proposed it.
    pub answer_id: Uuid,
    /// What would be done, in a line.
    pub title: String,
    /// The tool that would do it.
    pub tool: String,
    /// What the tool would be given.
    pub arguments: serde_json::Value,
    /// Why, for people.
    pub reason: String,
    /// `proposed`, `approved`, `denied`, `expired`, `executed` or `failed`, as [`State::as_str`].
    pub state: String,
    /// Who approved or denied it, as `<kind>:<id>`.
    pub decided_by: Option<String>,
    /// When they did.
    pub decided_at: Option<DateTime<Utc>>,
    /// What came of it, why it failed, or why it was denied.
    pub outcome: Option<String>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// Until when somebody could decide.
    pub expires_at: DateTime<Utc>,
}

/// Which actions are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
}

/// Where a page of actions ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// When the last of them was proposed.
    pub proposed_at: DateTime<Utc>,
    /// The last of them.
    pub id: Uuid,
}

/// An organization's actions, the last proposed first.
///
/// # Errors
/// When the database can't be read.
pub async fn page(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Key>,
    limit: u16,
) -> Result<Page<Action, Key>, sqlx::Error> {
    let (proposed_at, id) = after.map_or((DateTime::<Utc>::MAX_UTC, Uuid::max()), |key| (key.proposed_at, key.id));
    // A statement for each set of filters, so that each has one plan with the index made for it.
    macro_rules! rows {
        ($condition:tt $(, $value:expr)?) => {
            sqlx::query_as!(
                Action,
                "SELECT id, conversation_id, answer_id, title, tool, arguments, reason, state, decided_by, decided_at,
                        outcome, proposed_at, expires_at
                 FROM actions WHERE organization_id = $1 AND (proposed_at, id) < ($2, $3)"
                    + $condition
                    + "ORDER BY proposed_at DESC, id DESC LIMIT $4",
                organization.as_str(),
                column::time(proposed_at),
                id,
                one_more(limit),
                $($value,)?
            )
            .fetch_all(connection)
            .await?
        };
    }
    let rows = match filter.state {
        Some(state) => rows!(" AND state = $5 ", state.as_str()),
        None => rows!(" "),
    };
    Ok(Page::cut(rows, limit, |action| Key {
        proposed_at: action.proposed_at,
        id: action.id,
    }))
}

/// One action of an organization; none when it is another's.
///
/// # Errors
/// When the database can't be read.
pub async fn find(
    connection: &mut PgConnection,
    organization: &OrganizationId,
    id: Uuid,
) -> Result<Option<Action>, sqlx::Error> {
    sqlx::query_as!(
        Action,
        "SELECT id, conversation_id, answer_id, title, tool, arguments, reason, state, decided_by, decided_at, outcome,
                proposed_at, expires_at
         FROM actions WHERE organization_id = $1 AND id = $2",
        organization.as_str(),
        id,
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn fingerprint(database: impl PgExecutor<'_>) -> Result<Fingerprint, sqlx::Error> {
    sqlx::query_as!(
        Fingerprint,
        r#"SELECT count(*) AS "count!",
                  md5(coalesce(string_agg(md5(entry::text), '' ORDER BY organization_id COLLATE "C", id), '')) AS "hash!"
           FROM actions AS entry"#
    )
    .fetch_one(database)
    .await
}
