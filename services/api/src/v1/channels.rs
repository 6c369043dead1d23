//! `GET /channels`: which channels are connected.

use axum::Json;
use infragpt_events::integration::ResourceKind;

use super::{
    Error,
    door::Reader,
    input::{List, Query},
    resource::{self, ListResources, Resource},
};

/// Which channels are connected
#[utoipa::path(get, path = "/channels", operation_id = "list_channels", tag = "resources", params(ListResources),
    responses((status = 200, description = "Channels, by name", body = List<Resource>)))]
pub(crate) async fn get(reader: Reader, Query(query): Query<ListResources>) -> Result<Json<List<Resource>>, Error> {
    resource::page(reader, ResourceKind::Channel, query).await
}
