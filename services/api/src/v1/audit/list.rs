//! `GET /audit`: who did what.

use axum::Json;
use infragpt_projections::audit::{self, Outcome};
use serde::Deserialize;
use utoipa::IntoParams;

use super::AuditEntry;
use crate::v1::{
    Error,
    door::Reader,
    input::{Cursor, Limit, List, Query, Time, Word},
    words,
};

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAudit {
    /// Only this action, such as `integration.authorized`.
    #[param(inline)]
    action: Option<Word>,
    /// Only what this actor did, as `<kind>:<id>`.
    #[param(inline)]
    actor: Option<Word>,
    /// Only what came to this.
    #[param(value_type = Option<words::Outcome>, inline)]
    outcome: Option<Outcome>,
    /// Only from this time on.
    #[param(inline)]
    since: Option<Time>,
    /// Only before this time.
    #[param(inline)]
    until: Option<Time>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<Cursor>, inline)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<Limit>, inline)]
    limit: Limit,
}

/// Who did what, tried what, and was refused what
#[utoipa::path(get, path = "/audit", operation_id = "list_audit", tag = "audit", params(ListAudit),
    responses((status = 200, description = "Entries, the newest first", body = List<AuditEntry>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListAudit>) -> Result<Json<List<AuditEntry>>, Error> {
    let filter = audit::Filter {
        action: query.action.map(|word| word.0),
        actor: query.actor.map(|word| word.0),
        outcome: query.outcome,
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let after = query.cursor.key()?;
    let page = reader
        .read(async |connection, organization| {
            audit::page(connection, organization, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::of(page).map(Json)
}
