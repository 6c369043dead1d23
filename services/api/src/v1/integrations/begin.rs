//! `POST /integrations/{connector}/authorizations`: an administrator begins to connect a system.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Target, of_connector};
use crate::v1::{
    Error, Written,
    door::Asker,
    input::{Connector, Nothing, OptionalJson, Query},
};

/// How a connection begins.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginAuthorization {
    /// The account to connect, where it exists there already: a Slack workspace, an installation of the GitHub App.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    account: Option<String>,
}

/// The request of `integration.v1.initiate`.
#[derive(Serialize)]
struct Initiate<'a> {
    #[serde(flatten)]
    target: Target<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
}

/// Its reply.
#[derive(Deserialize)]
struct Initiated {
    attempt: Uuid,
    url: String,
    expires_at: DateTime<Utc>,
    position: Option<u64>,
}

/// An attempt to connect a system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Authorization {
    /// The attempt.
    attempt: Uuid,
    /// Where the browser of whoever began it goes: nobody else can finish it.
    #[schema(format = Uri)]
    url: String,
    /// Until when they can come back.
    expires_at: DateTime<Utc>,
}

/// Begins to connect a system
///
/// Send the browser of whoever began it to `url`: it comes back to a page of the product that says what came of it.
#[utoipa::path(post, path = "/integrations/{connector}/authorizations", operation_id = "begin_authorization",
    tag = "integrations", params(("connector" = String, Path, description = "The kind of system", pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack")),
    request_body = Option<BeginAuthorization>,
    responses((status = 201, description = "Where to go", body = Authorization)))]
pub(crate) async fn post(
    asker: Asker,
    Connector(connector): Connector,
    _: Query<Nothing>,
    OptionalJson(wanted): OptionalJson<BeginAuthorization>,
) -> Result<Written<Authorization>, Error> {
    let is_token = |account: &str| {
        (1..=64).contains(&account.len())
            && account
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if wanted.account.as_deref().is_some_and(|account| !is_token(account)) {
        return Err(Error::input(
            "`account` has to be 1 to 64 characters of A-Z, a-z, 0-9, `_` and `-`.",
        ));
    }
    let request = Initiate {
        target: Target::of(&asker, &connector),
        account: wanted.account.as_deref(),
    };
    let begun: Initiated = asker
        .ask("integration.v1.initiate", &request)
        .await
        .map_err(of_connector)?;
    let authorization = Authorization {
        attempt: begun.attempt,
        url: begun.url,
        expires_at: begun.expires_at,
    };
    Ok(Written::created(authorization).at(begun.position))
}
