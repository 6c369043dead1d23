//! `GET /integrations/{connector}/health`: whether a connection works, as whoever looks after it knows.

use axum::Json;
use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::of_connector;
use crate::v1::{
    Error,
    door::Asker,
    input::{Connector, Nothing, Query},
    words,
};

/// The request of `integration.v1.list`.
#[derive(Serialize)]
struct ListIntegrations<'a> {
    organization: &'a OrganizationId,
}

/// Its reply.
#[derive(Deserialize)]
struct Listed {
    integrations: Vec<Health>,
}

/// Whether a connection works.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Health {
    /// The kind of system.
    connector: String,
    /// Whether it works.
    #[schema(value_type = words::ConnectionState)]
    state: String,
    /// Why it doesn't.
    reason: Option<String>,
    /// Since when it is in that state.
    since: Option<DateTime<Utc>>,
    /// When it was last tried, if whoever looks after it did since they were started.
    last_tried_at: Option<DateTime<Utc>>,
    /// Why that could not be found out then. It says nothing of the connection.
    last_try_problem: Option<String>,
    /// When what it may see was last compared with what there is.
    synchronized_at: Option<DateTime<Utc>>,
    /// How many repositories or channels it may see.
    resources: u64,
    /// Why the last attempt to connect it came to nothing.
    last_failure: Option<String>,
    /// When that was.
    last_failed_at: Option<DateTime<Utc>>,
}

/// Whether a connection works
///
/// Asks the role that tries each connection every few minutes, so it answers only while that role is there.
#[utoipa::path(get, path = "/integrations/{connector}/health", operation_id = "show_integration_health",
    tag = "integrations", params(("connector" = String, Path, description = "The kind of system", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack")),
    responses((status = 200, description = "What is known", body = Health)))]
pub(crate) async fn get(
    asker: Asker,
    Connector(connector): Connector,
    _: Query<Nothing>,
) -> Result<Json<Health>, Error> {
    let request = ListIntegrations {
        organization: asker.organization(),
    };
    let listed: Listed = asker.ask("integration.v1.list", &request).await.map_err(of_connector)?;
    let found = listed
        .integrations
        .into_iter()
        .find(|it| it.connector == connector.as_str());
    found.map(Json).ok_or_else(|| Error::no_such("integration"))
}
