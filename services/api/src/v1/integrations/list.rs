//! `GET /integrations`: what is connected, and what can be.

use axum::Json;
use infragpt_projections::integrations;

use super::Integration;
use crate::v1::{
    Error,
    door::Reader,
    input::{List, Nothing, Query},
};

/// What is connected, and what can be
///
/// Connections by connector: those that are, those that were, and those that nobody began.
#[utoipa::path(get, path = "/integrations", operation_id = "list_integrations", tag = "integrations",
    responses((status = 200, description = "All of them", body = List<Integration>)))]
pub(crate) async fn get(mut reader: Reader, _: Query<Nothing>) -> Result<Json<List<Integration>>, Error> {
    let now = reader.now();
    let (connection, organization) = reader.tables();
    let rows = integrations::list(connection, organization, now).await?;
    let mut listed: Vec<Integration> = rows.into_iter().map(Integration::from).collect();
    let organization = &reader.caller().organization;
    for connector in reader.connectors() {
        if !listed
            .iter()
            .any(|integration| integration.connector() == connector.as_str())
        {
            listed.push(Integration::not_started(organization, connector));
        }
    }
    listed.sort_by(|one, other| one.connector().cmp(other.connector()));
    Ok(Json(List::whole(listed)))
}
