use crate::{clock, journal::Delivery, signature, world::World};

/// A webhook that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Webhook<'a> {
    pub(crate) url: &'a str,
    pub(crate) event: &'a str,
    pub(crate) guid: &'a str,
    /// Instead of the configured secret.
    pub(crate) secret: Option<&'a str>,
    pub(crate) content_type: &'a str,
    /// Names of headers that are left out.
    pub(crate) omit: &'a [String],
    /// Sent byte for byte.
    pub(crate) body: String,
}

/// Sends one webhook as GitHub does and returns status and body of the answer.
///
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers>
pub(crate) async fn deliver(world: &World, webhook: Webhook<'_>) -> Result<(u16, String), reqwest::Error> {
    let github = &world.configuration.github;
    let secret = webhook.secret.unwrap_or(&github.webhook_secret);
    let headers = [
        ("Accept", "*/*".to_owned()),
        ("Content-Type", webhook.content_type.to_owned()),
        ("User-Agent", "GitHub-Hookshot/5a1d3c2".to_owned()),
        ("X-GitHub-Delivery", webhook.guid.to_owned()),
        ("X-GitHub-Event", webhook.event.to_owned()),
        ("X-GitHub-Hook-ID", "42".to_owned()),
        ("X-GitHub-Hook-Installation-Target-ID", github.app_id.to_string()),
        ("X-GitHub-Hook-Installation-Target-Type", "integration".to_owned()),
        (
            "X-Hub-Signature-256",
            signature::github(secret, webhook.body.as_bytes()),
        ),
    ];
    // GitHub waits 10 s for an answer.
    let mut request = world.http.post(webhook.url).timeout(std::time::Duration::from_secs(10));
    for (name, value) in headers {
        if !webhook.omit.iter().any(|omitted| omitted.eq_ignore_ascii_case(name)) {
            request = request.header(name, value);
        }
    }
    let sent = request.body(webhook.body).send().await;
    let status = sent.as_ref().ok().map(reqwest::Response::status);
    world.journal.delivery(Delivery {
        via: "github",
        kind: webhook.event.to_owned(),
        id: webhook.guid.to_owned(),
        attempt: 0,
        acked: status.is_some_and(|status| status.is_success()),
        status: status.map(|status| status.as_u16()),
        at: clock::precise(),
    });
    let response = sent?;
    Ok((response.status().as_u16(), response.text().await?))
}
