//! `GET /actions`: what agents proposed to do.

use axum::Json;
use infragpt_events::action::State;
use infragpt_projections::actions;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Action;
use crate::v1::{
    Error,
    door::Reader,
    input::{Cursor, Limit, List, Query},
    words,
};

/// Which actions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListActions {
    /// Only those in this state.
    #[param(value_type = Option<words::ActionState>, inline)]
    state: Option<State>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<Cursor>, inline)]
    cursor: Cursor,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = Option<Limit>, inline)]
    limit: Limit,
}

/// What agents proposed to do, the last proposed first
#[utoipa::path(get, path = "/actions", operation_id = "list_actions", tag = "actions", params(ListActions),
    responses((status = 200, description = "Actions, the last proposed first", body = List<Action>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListActions>) -> Result<Json<List<Action>>, Error> {
    let filter = actions::Filter { state: query.state };
    let after = query.cursor.key()?;
    let page = reader
        .read(async |connection, organization| {
            actions::page(connection, organization, &filter, after.as_ref(), query.limit.0).await
        })
        .await?;
    List::of(page).map(Json)
}
