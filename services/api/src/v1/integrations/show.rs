//! `GET /integrations/{connector}`: one connection.

use axum::Json;
use infragpt_projections::integrations;

use super::Integration;
use crate::v1::{
    Error,
    door::Reader,
    input::{Connector, Nothing, Query},
};

/// One connection
#[utoipa::path(get, path = "/integrations/{connector}", operation_id = "show_integration", tag = "integrations",
    params(("connector" = String, Path, description = "The kind of system", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack")),
    responses((status = 200, description = "The connection", body = Integration)))]
pub(crate) async fn get(
    mut reader: Reader,
    Connector(connector): Connector,
    _: Query<Nothing>,
) -> Result<Json<Integration>, Error> {
    let now = reader.now();
    let (connection, organization) = reader.tables();
    if let Some(integration) = integrations::find(connection, organization, &connector, now).await? {
        return Ok(Json(integration.into()));
    }
    if reader.connectors().contains(&connector) {
        return Ok(Json(Integration::not_started(
            &reader.caller().organization,
            &connector,
        )));
    }
    Err(Error::no_such("integration"))
}
