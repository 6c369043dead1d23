//! `GET /changes`: what changed, the newest first.

use axum::Json;
use infragpt_events::change::ChangeKind;
use infragpt_projections::changes;
use serde::Deserialize;
use utoipa::{IntoParams, PartialSchema as _};

use super::Change;
use crate::v1::{
    Error,
    door::Reader,
    input::{Cursor, Limit, List, Query, Time, Word, Words},
    words,
};

/// Which changes are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListChanges {
    /// Only of this repository, `owner/name`, in any case.
    #[param(schema_with = Word::schema, required = false)]
    repository: Option<Word>,
    /// Only these kinds, separated by commas.
    #[serde(default)]
    #[param(schema_with = words::change_kinds, required = false, style = Form, explode = false)]
    kinds: Words<ChangeKind>,
    /// Only what somebody with this identifier or name did, in any case.
    #[param(schema_with = Word::schema, required = false)]
    actor: Option<Word>,
    /// Only what happened from this time on.
    #[param(schema_with = Time::schema, required = false)]
    since: Option<Time>,
    /// Only what happened before this time.
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

/// What changed, the newest first
#[utoipa::path(get, path = "/changes", operation_id = "list_changes", tag = "changes", params(ListChanges),
    responses((status = 200, description = "Changes, the newest first", body = List<Change>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListChanges>) -> Result<Json<List<Change>>, Error> {
    let filter = changes::Filter {
        repository: query.repository.map(|word| word.0),
        kinds: query.kinds.0,
        actor: query.actor.map(|word| word.0),
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let after = query.cursor.key()?;
    let page = reader
        .read(async |connection, organization| {
            changes::page(connection, organization, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::of(page).map(Json)
}
