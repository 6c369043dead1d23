//! `GET /audit`: who did what.

use axum::Json;
use infragpt_projections::audit::{self, Outcome};
use serde::Deserialize;
use utoipa::{IntoParams, PartialSchema as _};

use super::Entry;
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
    #[param(schema_with = Word::schema, required = false)]
    action: Option<Word>,
    /// Only what this actor did, as `<kind>:<id>`.
    #[param(schema_with = Word::schema, required = false)]
    actor: Option<Word>,
    /// Only what came to this.
    #[param(schema_with = words::outcome, required = false)]
    outcome: Option<Outcome>,
    /// Only from this time on.
    #[param(schema_with = Time::schema, required = false)]
    since: Option<Time>,
    /// Only before this time.
    #[param(schema_with = Time::schema, required = false)]
    until: Option<Time>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(schema_with = Cursor::schema, required = false)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(schema_with = Limit::schema, required = false)]
    limit: Limit,
}

/// Who did what, tried what, and was refused what
#[utoipa::path(get, path = "/audit", operation_id = "list_audit", tag = "audit", params(ListAudit),
    responses((status = 200, description = "Entries, the newest first", body = List<Entry>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListAudit>) -> Result<Json<List<Entry>>, Error> {
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
