//! Why there is no connection, in words: slack-morphism keeps that to its own log.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

#[derive(Deserialize)]
struct Opened {
    ok: bool,
    error: Option<String>,
}

/// Asks Slack for a connection as slack-morphism does and says what is wrong; the connection itself isn't used.
pub(super) async fn diagnose(api_url: &str, app_token: &SecretString) -> String {
    match open(api_url, app_token).await {
        Ok(Opened { ok: true, .. }) => "Slack offers a connection, but it doesn't come to stand".to_owned(),
        Ok(Opened { error, .. }) => {
            format!(
                "Slack refuses apps.connections.open: {}",
                error.as_deref().unwrap_or("no reason given")
            )
        }
        // The address holds no secret; the token travels in a header.
        Err(error) => format!("apps.connections.open fails: {error}"),
    }
}

async fn open(api_url: &str, app_token: &SecretString) -> reqwest::Result<Opened> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
    let request = client
        .post(format!("{api_url}/apps.connections.open"))
        .bearer_auth(app_token.expose_secret());
    request.send().await?.json().await
}
