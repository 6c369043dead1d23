//! `GET /changes/{id}`: one change.

use axum::Json;
use infragpt_projections::changes;

use super::Change;
use crate::v1::{
    Error,
    door::Reader,
    input::{Id, Nothing, Query},
};

/// One change
#[utoipa::path(get, path = "/changes/{id}", operation_id = "show_change", tag = "changes",
    params(("id" = Uuid, Path, description = "The change")),
    responses((status = 200, description = "The change", body = Change)))]
pub(crate) async fn get(reader: Reader, Id(id): Id, _: Query<Nothing>) -> Result<Json<Change>, Error> {
    let change = reader
        .read(async |connection, organization| changes::find(connection, organization, id).await)
        .await?;
    change
        .map(|change| Json(change.into()))
        .ok_or_else(|| Error::no_such("change"))
}
