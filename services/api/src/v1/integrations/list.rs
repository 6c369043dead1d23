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
pub(crate) async fn get(reader: Reader, _: Query<Nothing>) -> Result<Json<List<Integration>>, Error> {
    let now = reader.now();
    let (organization, connectors) = (reader.caller().organization.clone(), reader.connectors());
    let rows = reader
        .read(async |connection, organization| integrations::list(connection, organization, now).await)
        .await?;
    let mut listed: Vec<Integration> = rows.into_iter().map(Integration::from).collect();
    for connector in &*connectors {
        if !listed
            .iter()
            .any(|integration| integration.connector() == connector.as_str())
        {
            listed.push(Integration::not_started(&organization, connector));
        }
    }
    listed.sort_by(|one, other| one.connector().cmp(other.connector()));
    Ok(Json(List::whole(listed)))
}
