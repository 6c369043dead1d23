//! `GET /changes`: what changed, the newest first.

use axum::response::Response;
use infragpt_events::change::ChangeKind;
use infragpt_projections::changes::{self, Document};
use serde::Deserialize;
use utoipa::IntoParams;

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
    #[param(inline)]
    repository: Option<Word>,
    /// Only these kinds, separated by commas.
    #[serde(default)]
    #[param(value_type = Option<Vec<words::ChangeKind>>, inline, style = Form, explode = false, min_items = 1, max_items = 32)]
    kinds: Words<ChangeKind>,
    /// Only what somebody with this identifier or name did, in any case.
    #[param(inline)]
    actor: Option<Word>,
    /// Only what happened from this time on.
    #[param(inline)]
    since: Option<Time>,
    /// Only what happened before this time.
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

/// What changed, the newest first
#[utoipa::path(get, path = "/changes", operation_id = "list_changes", tag = "changes", params(ListChanges),
    responses((status = 200, description = "Changes, the newest first", body = List<Change>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListChanges>) -> Result<Response, Error> {
    let filter = changes::Filter {
        repository: query.repository.map(|word| word.0),
        kinds: query.kinds.0,
        actor: query.actor.map(|word| word.0),
        since: query.since.map(|time| time.0),
        until: query.until.map(|time| time.0),
    };
    let after = query.cursor.key()?;
    let page = reader
        .read_at_once(async |wall, organization, user| {
            changes::enter(wall, organization, user, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::<Change>::of_documents(&page, Document::as_str)
}
