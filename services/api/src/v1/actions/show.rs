//! `GET /actions/{id}`: one proposed action.

use axum::Json;
use infragpt_projections::actions;

use super::Action;
use crate::v1::{
    Error,
    door::Reader,
    input::{Id, Nothing, Query},
};

/// One proposed action
#[utoipa::path(get, path = "/actions/{id}", operation_id = "show_action", tag = "actions",
    params(("id" = Uuid, Path, description = "The action")),
    responses((status = 200, description = "The action", body = Action)))]
pub(crate) async fn get(reader: Reader, Id(id): Id, _: Query<Nothing>) -> Result<Json<Action>, Error> {
    let action = reader
        .read(async |connection, organization| actions::find(connection, organization, id).await)
        .await?;
    action
        .map(|action| Json(action.into()))
        .ok_or_else(|| Error::no_such("action"))
}
