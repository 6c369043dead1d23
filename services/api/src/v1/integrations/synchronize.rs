//! `POST /integrations/{connector}/synchronizations`: compares what a connection may see with what there is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Target, of_connector};
use crate::v1::{
    Error, Written,
    door::Asker,
    input::{Connector, NoBody, Nothing, Query},
};

/// The reply of `integration.v1.synchronize`.
#[derive(Deserialize)]
struct Synchronized {
    resources: u64,
    appended: u64,
    position: Option<u64>,
}

/// What a comparison found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Synchronization {
    /// How many repositories or channels the connection may see now.
    resources: u64,
    /// How many events say what is different from before.
    events: u64,
}

/// Compares what a connection may see with what there is
#[utoipa::path(post, path = "/integrations/{connector}/synchronizations", operation_id = "synchronize_integration",
    tag = "integrations", params(("connector" = String, Path, description = "The kind of system", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack")),
    responses((status = 200, description = "What was found", body = Synchronization)))]
pub(crate) async fn post(
    asker: Asker,
    Connector(connector): Connector,
    _: Query<Nothing>,
    _: NoBody,
) -> Result<Written<Synchronization>, Error> {
    let target = Target::of(&asker, &connector);
    let done: Synchronized = asker
        .ask("integration.v1.synchronize", &target)
        .await
        .map_err(of_connector)?;
    let found = Synchronization {
        resources: done.resources,
        events: done.appended,
    };
    Ok(Written::ok(found).at(done.position))
}
