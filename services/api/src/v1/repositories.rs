//! `GET /repositories`: which repositories are connected.

use axum::Json;
use infragpt_events::integration::ResourceKind;

use super::{
    Error,
    door::Reader,
    input::{List, Query},
    resource::{self, ListResources, Resource},
};

/// Which repositories are connected
#[utoipa::path(get, path = "/repositories", operation_id = "list_repositories", tag = "resources", params(ListResources),
    responses((status = 200, description = "Repositories, by name", body = List<Resource>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListResources>) -> Result<Json<List<Resource>>, Error> {
    resource::page(reader, ResourceKind::Repository, query).await
}
