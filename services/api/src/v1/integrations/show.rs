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
    reader: Reader,
    Connector(connector): Connector,
    _: Query<Nothing>,
) -> Result<Json<Integration>, Error> {
    let now = reader.now();
    let (organization, connectors) = (reader.caller().organization.clone(), reader.connectors());
    let found = reader
        .read(async |connection, organization| integrations::find(connection, organization, &connector, now).await)
        .await?;
    match found {
        Some(integration) => Ok(Json(integration.into())),
        None if connectors.contains(&connector) => Ok(Json(Integration::not_started(&organization, &connector))),
        None => Err(Error::no_such("integration")),
    }
}
