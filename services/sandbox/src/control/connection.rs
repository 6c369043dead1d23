use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::verb::{Answer, read};
use crate::{
    clock,
    problem::Problem,
    slack::{Disconnect, Format, Signing, send},
    world::{RequestUrls, Shared},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    reason: Option<String>,
    grace_ms: Option<u64>,
    connection: Option<u64>,
    #[serde(default)]
    abrupt: bool,
}

/// Slack ends connections: after a warning in a while, otherwise at once.
pub(super) fn disconnect(world: &Shared, body: &[u8]) -> Answer {
    let ending: Ending = read(body)?;
    let reason = ending.reason.unwrap_or_else(|| "refresh_requested".into());
    let usual = if reason == "warning" { 2000 } else { 100 };
    let count = world.hub.disconnect(&Disconnect {
        grace: Duration::from_millis(ending.grace_ms.unwrap_or(usual)),
        reason,
        connection: ending.connection,
        abrupt: ending.abrupt,
    });
    Ok(json!({ "disconnected": count }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// Any JSON.
    frame: Option<Value>,
    /// Instead of `frame`: a text that need not be JSON.
    text: Option<String>,
}

/// Sends any frame to one connection.
pub(super) fn raw_socket(world: &Shared, body: &[u8]) -> Answer {
    let raw: Raw = read(body)?;
    let text = raw.text.or_else(|| raw.frame.map(|frame| frame.to_string()));
    let text = text.ok_or_else(|| Problem::bad_request("The body needs `frame` or `text`."))?;
    Ok(json!({ "sent": world.hub.send_raw(text) }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verification {
    url: String,
    /// Where commands go; where events go unless told.
    commands_url: Option<String>,
    /// Where interactions go; where events go unless told.
    interactivity_url: Option<String>,
    challenge: Option<String>,
    secret: Option<String>,
}

/// Somebody enters a request URL in the app's settings; a URL that echoes the challenge is kept.
///
/// <https://docs.slack.dev/reference/events/url_verification>
pub(super) async fn url_verification(world: &Shared, body: &[u8]) -> Answer {
    let Verification {
        url,
        commands_url,
        interactivity_url,
        challenge,
        secret,
    } = read(body)?;
    let challenge = challenge.unwrap_or_else(|| hex::encode(clock::random()));
    let payload = json!({
        "token": world.configuration.slack.verification_token,
        "challenge": challenge,
        "type": "url_verification",
    });
    let signing = Signing {
        secret,
        timestamp: None,
    };
    let (status, body) = send(world, &url, Format::Json, &payload, &signing, None)
        .await
        .map_err(|error| Problem::unreachable(format!("The request URL did not answer: {error}.")))?;
    let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
    let verified = status == 200 && (body == challenge.as_str() || body["challenge"] == challenge.as_str());
    if verified {
        world.set_request_urls(Some(RequestUrls {
            commands: commands_url.unwrap_or_else(|| url.clone()),
            interactivity: interactivity_url.unwrap_or_else(|| url.clone()),
            events: url,
        }));
    }
    Ok(json!({ "status": status, "body": body, "challenge": challenge, "verified": verified }))
}
