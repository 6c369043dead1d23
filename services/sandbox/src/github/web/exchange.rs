use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    super::{
        call::Refusal,
        token::{Issued, PERSON_SECONDS, REFRESH_SECONDS},
    },
    fields::Fields,
};
use crate::{
    clock,
    operation::{Refused, faulted},
    world::{Shared, World},
};

type Pairs = Vec<(&'static str, String)>;

/// Exchanges a code or a refresh token for tokens that stand for a person; refusals have status 200, as at GitHub.
///
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app>
pub(super) async fn exchange(State(world): State<Shared>, headers: HeaderMap, fields: Fields) -> Response {
    let refused = |refused: Refused<'_>| match refused {
        Refused::Error(error) => write(&headers, &refusal(error)),
        Refused::Limit(status) => Refusal::limit(status).into_response(),
    };
    faulted(&world, "github.oauth_token", refused, || match issue(&world, &fields) {
        Ok(issued) => (write(&headers, &shown(issued)), None),
        Err(error) => (write(&headers, &refusal(error)), Some(error.to_owned())),
    })
    .await
}

fn issue(world: &World, fields: &Fields) -> Result<Issued, &'static str> {
    let (github, now) = (&world.configuration.github, clock::seconds());
    if fields.text("client_id") != github.client_id || fields.text("client_secret") != github.client_secret {
        return Err("incorrect_client_credentials");
    }
    let tokens = &world.github.tokens;
    match fields.given("grant_type") {
        None | Some("authorization_code") => {
            let verified = fields.given("code_verifier").map(|verifier| {
                let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
                URL_SAFE_NO_PAD.encode(digest)
            });
            tokens.exchange(
                fields.text("code"),
                fields.given("redirect_uri"),
                verified.as_deref(),
                now,
            )
        }
        Some("refresh_token") => {
            let issued = tokens.refresh(fields.text("refresh_token"), now);
            issued.ok_or("bad_refresh_token")
        }
        Some(_) => Err("unsupported_grant_type"),
    }
}

fn shown(issued: Issued) -> Pairs {
    vec![
        ("access_token", issued.access_token),
        ("expires_in", PERSON_SECONDS.to_string()),
        ("refresh_token", issued.refresh_token),
        ("refresh_token_expires_in", REFRESH_SECONDS.to_string()),
        ("scope", String::new()),
        ("token_type", "bearer".to_owned()),
    ]
}

fn refusal(error: &str) -> Pairs {
    let description = match error {
        "bad_refresh_token" => "The refresh token passed is incorrect or expired.",
        "bad_verification_code" => "The code passed is incorrect or expired.",
        "incorrect_client_credentials" => "The client_id and/or client_secret passed are incorrect.",
        "redirect_uri_mismatch" => "The redirect_uri MUST match the registered callback URL for this application.",
        _ => "The request cannot be answered.",
    };
    vec![
        ("error", error.to_owned()),
        ("error_description", description.to_owned()),
        (
            "error_uri",
            "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/"
                .to_owned(),
        ),
    ]
}

/// Writes JSON to who asks for it, else a form.
fn write(headers: &HeaderMap, pairs: &Pairs) -> Response {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    if !accept.contains("json") {
        let kind = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")];
        // Pairs of texts always have a form.
        return (kind, serde_urlencoded::to_string(pairs).unwrap_or_default()).into_response();
    }
    let value = |name: &str, text: &String| match (name.ends_with("expires_in"), text.parse::<i64>()) {
        (true, Ok(seconds)) => seconds.into(),
        _ => text.as_str().into(),
    };
    let body: serde_json::Map<String, serde_json::Value> = pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), value(name, text)))
        .collect();
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (kind, serde_json::Value::Object(body).to_string()).into_response()
}
