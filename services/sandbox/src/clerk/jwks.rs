use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    clock,
    operation::{Refused, faulted},
    world::Shared,
};

/// The key set for everybody, below the issuer.
///
/// <https://clerk.com/docs/guides/sessions/manual-jwt-verification>
pub(super) async fn public(State(world): State<Shared>) -> Response {
    faulted(&world, "clerk.jwks", refused, || (shown(&world), None)).await
}

/// The same for who has the secret key, as the Backend API shows it to Clerk's own libraries.
///
/// <https://clerk.com/docs/reference/backend-api/tag/JWKS>
pub(super) async fn backend(State(world): State<Shared>, headers: HeaderMap) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let is_known = given.and_then(|it| it.strip_prefix("Bearer ")) == Some(&world.configuration.clerk.secret_key);
    faulted(&world, "clerk.jwks", refused, || {
        if is_known {
            return (shown(&world), None);
        }
        let code = "secret_key_invalid";
        (
            error(StatusCode::UNAUTHORIZED, code, "Invalid Secret Key."),
            Some(code.to_owned()),
        )
    })
    .await
}

fn shown(world: &Shared) -> Response {
    Json(world.clerk.keys.jwks(clock::seconds())).into_response()
}

fn refused(refused: Refused<'_>) -> Response {
    match refused {
        Refused::Error(code) => error(StatusCode::INTERNAL_SERVER_ERROR, code, "Something went wrong."),
        Refused::Limit(status) => {
            let status = status.unwrap_or(StatusCode::TOO_MANY_REQUESTS);
            error(
                status,
                "too_many_requests",
                "Too many requests. Please try again in a bit.",
            )
        }
    }
}

/// A refusal in Clerk's form; <https://clerk.com/docs/guides/development/errors/overview>.
fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let trace: Value = hex::encode(clock::random()).into();
    let body = json!({
        "errors": [{ "message": message, "long_message": message, "code": code }],
        "clerk_trace_id": trace,
    });
    (status, Json(body)).into_response()
}
