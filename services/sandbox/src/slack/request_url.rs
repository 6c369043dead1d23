use serde_json::Value;

use crate::{clock, signature, world::World};

/// How a request to the app is signed; tests override parts of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signing {
    /// Instead of the workspace's signing secret.
    pub(crate) secret: Option<String>,
    /// Instead of now, in seconds since the epoch.
    pub(crate) timestamp: Option<String>,
}

/// What a repeated delivery says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    pub(crate) attempt: u32,
    pub(crate) reason: String,
}

/// How a payload is written into the body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// An event: JSON.
    Json,
    /// A slash command: its fields as a form.
    Form,
    /// An interaction: a form with the JSON in `payload`.
    Interaction,
}

/// Sends one signed request as Slack does and returns status and body of the answer.
///
/// <https://docs.slack.dev/apis/events-api/using-http-request-urls>
pub(crate) async fn send(
    world: &World,
    url: &str,
    format: Format,
    payload: &Value,
    signing: &Signing,
    retry: Option<&Retry>,
) -> Result<(u16, String), reqwest::Error> {
    let slack = &world.configuration.slack;
    let (body, content_type) = write(format, payload);
    let timestamp = signing
        .timestamp
        .clone()
        .unwrap_or_else(|| clock::seconds().to_string());
    let secret = signing.secret.as_deref().unwrap_or(&slack.signing_secret);
    let mut request = world
        .http
        .post(url)
        .timeout(slack.acknowledgement_timeout)
        .header("Content-Type", content_type)
        .header("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
        .header(
            "X-Slack-Signature",
            signature::slack(secret, &timestamp, body.as_bytes()),
        )
        .header("X-Slack-Request-Timestamp", timestamp);
    if let Some(retry) = retry {
        request = request
            .header("X-Slack-Retry-Num", retry.attempt)
            .header("X-Slack-Retry-Reason", &retry.reason);
    }
    let response = request.body(body).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}

fn write(format: Format, payload: &Value) -> (String, &'static str) {
    let form = "application/x-www-form-urlencoded";
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match format {
        Format::Json => (payload.to_string(), "application/json"),
        Format::Interaction => (encoded(&[("payload".into(), payload.to_string())]), form),
        Format::Form => {
            let fields = payload.as_object().into_iter().flatten();
            (
                encoded(
                    &fields
                        .map(|(name, value)| (name.clone(), text(value)))
                        .collect::<Vec<_>>(),
                ),
                form,
            )
        }
    }
}

fn encoded(fields: &[(String, String)]) -> String {
    // Pairs of texts always have a form.
    serde_urlencoded::to_string(fields).unwrap_or_default()
}
