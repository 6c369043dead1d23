//! `DELETE /integrations/{connector}`: an administrator ends a connection for good.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Target, of_connector};
use crate::v1::{
    Error, Written,
    door::Asker,
    input::{Connector, NoBody, Query, Word},
    words,
};

/// How a connection ends.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Disconnect {
    /// Why, for people.
    #[param(inline)]
    reason: Option<Word>,
    /// Erase the credential although the external system does not confirm that it ended it, or can't be asked.
    #[serde(default)]
    #[param(required = false)]
    force: bool,
}

/// The request of `integration.v1.disconnect`.
#[derive(Serialize)]
struct DisconnectIntegration<'a> {
    #[serde(flatten)]
    target: Target<'a>,
    reason: Option<&'a str>,
    force: bool,
}

/// Its reply.
#[derive(Deserialize)]
struct Disconnected {
    state: String,
    position: Option<u64>,
    remaining: Option<String>,
}

/// The end of a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Disconnection {
    /// Its state now.
    #[schema(value_type = words::ConnectionState)]
    state: String,
    /// What remains to be done and is done by itself; null when everything is.
    remaining: Option<String>,
}

/// Ends a connection for good
///
/// The external system is asked to end the credential, which is then erased here. Ending what has ended changes nothing.
#[utoipa::path(delete, path = "/integrations/{connector}", operation_id = "disconnect_integration", tag = "integrations",
    params(("connector" = String, Path, description = "The kind of system", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack"), Disconnect),
    responses((status = 200, description = "It has ended", body = Disconnection)))]
pub(crate) async fn delete(
    asker: Asker,
    Connector(connector): Connector,
    Query(wanted): Query<Disconnect>,
    _: NoBody,
) -> Result<Written<Disconnection>, Error> {
    let request = DisconnectIntegration {
        target: Target::of(&asker, &connector),
        reason: wanted.reason.as_ref().map(|word| word.0.as_str()),
        force: wanted.force,
    };
    let ended: Disconnected = asker
        .ask("integration.v1.disconnect", &request)
        .await
        .map_err(of_connector)?;
    let disconnection = Disconnection {
        state: ended.state,
        remaining: ended.remaining,
    };
    Ok(Written::ok(disconnection).at(ended.position))
}
