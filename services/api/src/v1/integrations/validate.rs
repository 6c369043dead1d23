//! `POST /integrations/{connector}/validations`: tries a connection now.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Target, of_connector};
use crate::v1::{
    Error, Written,
    door::Asker,
    input::{Connector, NoBody, Nothing, Query},
    words,
};

/// The reply of `integration.v1.validate`.
#[derive(Deserialize)]
struct Validated {
    state: String,
    reason: Option<String>,
    position: Option<u64>,
}

/// What a try found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Validation {
    /// Whether the connection works.
    #[schema(value_type = words::ConnectionState)]
    state: String,
    /// Why it doesn't.
    reason: Option<String>,
}

/// Tries a connection now
#[utoipa::path(post, path = "/integrations/{connector}/validations", operation_id = "validate_integration",
    tag = "integrations", params(("connector" = String, Path, description = "The kind of system", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack")),
    responses((status = 200, description = "What was found", body = Validation)))]
pub(crate) async fn post(
    asker: Asker,
    Connector(connector): Connector,
    _: Query<Nothing>,
    _: NoBody,
) -> Result<Written<Validation>, Error> {
    let target = Target::of(&asker, &connector);
    let tried: Validated = asker
        .ask("integration.v1.validate", &target)
        .await
        .map_err(of_connector)?;
    let found = Validation {
        state: tried.state,
        reason: tried.reason,
    };
    Ok(Written::ok(found).at(tried.position))
}
