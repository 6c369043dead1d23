use std::time::Duration;

use crate::{clock, journal, signature, world::World};

/// Svix waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A webhook that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    /// The type of the event, for the journal.
    pub(crate) kind: String,
    /// `svix-id`, the same in every repetition.
    pub(crate) id: String,
    /// `svix-timestamp`, in seconds unless a test wants something else.
    pub(crate) timestamp: String,
    /// One signature for each, as while a secret is rotated.
    pub(crate) secrets: Vec<String>,
    /// Instead of any signature.
    pub(crate) signature: Option<String>,
    /// Names of headers that are left out.
    pub(crate) omit: Vec<String>,
    /// Sent byte for byte.
    pub(crate) body: String,
}

impl Webhook {
    /// One that is signed as the instance signs, now.
    pub(crate) fn new(world: &World, url: &str, kind: &str, body: String) -> Self {
        Self {
            url: url.to_owned(),
            kind: kind.to_owned(),
            id: format!("msg_{}", hex::encode(clock::random())),
            timestamp: clock::seconds().to_string(),
            secrets: vec![world.configuration.clerk.webhook_secret.clone()],
            signature: None,
            omit: Vec::new(),
            body,
        }
    }

    /// Whether every secret is one.
    pub(crate) fn can_be_signed(&self) -> bool {
        self.secrets.iter().all(|it| signature::svix(it, "", "", b"").is_some())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let signed = self.secrets.iter();
        let signed = signed.filter_map(|it| signature::svix(it, &self.id, &self.timestamp, self.body.as_bytes()));
        let signed = signed.collect::<Vec<_>>().join(" ");
        let mut headers = vec![
            ("Accept", "*/*".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "Svix-Webhooks/1.84.0 (infragpt-sandbox)".to_owned()),
            ("svix-id", self.id.clone()),
            ("svix-timestamp", self.timestamp.clone()),
            ("svix-signature", self.signature.clone().unwrap_or(signed)),
        ];
        headers.retain(|(name, _)| !self.omit.iter().any(|omitted| omitted.eq_ignore_ascii_case(name)));
        headers
    }
}

/// Sends one webhook once, as Svix does for Clerk, and notes what became of it; returns status and body of the answer.
///
/// <https://docs.svix.com/receiving/verifying-payloads/how>
///
/// # Errors
///
/// Why the app did not answer.
pub(crate) async fn send(world: &World, webhook: &Webhook) -> Result<(u16, String), reqwest::Error> {
    let sent = post(world, webhook).await;
    let status = sent.as_ref().ok().map(|(status, _)| *status);
    if let Err(error) = &sent {
        tracing::debug!(%error, "The app did not answer a webhook");
    }
    world.journal.delivery(journal::Delivery {
        via: "clerk",
        kind: webhook.kind.clone(),
        id: webhook.id.clone(),
        attempt: 0,
        acked: status.is_some_and(|status| (200..300).contains(&status)),
        status,
        at: clock::precise(),
    });
    sent
}

async fn post(world: &World, webhook: &Webhook) -> Result<(u16, String), reqwest::Error> {
    let mut request = world.http.post(&webhook.url).timeout(PATIENCE);
    for (name, value) in webhook.headers() {
        request = request.header(name, value);
    }
    let response = request.body(webhook.body.clone()).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}
