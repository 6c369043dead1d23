use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use crate::{clock, journal, signature, world::World};

/// Deliveries kept; older ones fall out.
const KEPT: usize = 10_000;
/// Ids start above this one, as large as GitHub's.
const FIRST_ID: u64 = 100_000_000_000;
/// GitHub waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A webhook that is ready to be sent, and to be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    /// Instead of the App's own webhook URL.
    pub(crate) url: Option<String>,
    pub(crate) event: String,
    pub(crate) guid: String,
    /// Instead of the configured secret.
    pub(crate) secret: Option<String>,
    pub(crate) content_type: String,
    /// Names of headers that are left out.
    pub(crate) omit: Vec<String>,
    /// Sent byte for byte.
    pub(crate) body: String,
}

impl Webhook {
    /// What the body says, however it is written; a text where it says nothing in JSON.
    fn payload(&self) -> Value {
        let form: Vec<(String, String)> = match self.content_type.as_str() {
            "application/x-www-form-urlencoded" => serde_urlencoded::from_str(&self.body).unwrap_or_default(),
            _ => Vec::new(),
        };
        let in_form = form.iter().find(|(name, _)| name == "payload").map(|(_, value)| value);
        let text = in_form.unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
    }
}

/// What became of sending a webhook once.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    pub(crate) webhook: Webhook,
    delivered_at: String,
    redelivery: bool,
    /// In seconds.
    duration: f64,
    /// What the app answered; `None` when it could not be reached.
    pub(crate) answer: Option<(u16, String)>,
    /// Why there is no answer.
    pub(crate) failure: Option<&'static str>,
    action: Value,
    installation_id: Value,
    repository_id: Value,
    request_headers: Map<String, Value>,
    response_headers: Map<String, Value>,
}

impl Delivery {
    /// As the list shows it; <https://docs.github.com/en/rest/apps/webhooks>.
    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "guid": self.webhook.guid,
            "delivered_at": self.delivered_at,
            "redelivery": self.redelivery,
            "duration": self.duration,
            "status": self.status(),
            "status_code": self.status_code(),
            "event": self.webhook.event,
            "action": self.action,
            "installation_id": self.installation_id,
            "repository_id": self.repository_id,
            "throttled_at": null,
        })
    }

    /// As it is shown alone, with request and response.
    pub(super) fn whole(&self) -> Value {
        let mut shown = self.shown();
        shown["url"] = json!(self.webhook.url);
        shown["request"] = json!({ "headers": self.request_headers, "payload": self.webhook.payload() });
        let text = self.answer.as_ref().map(|(_, text)| text);
        shown["response"] = json!({ "headers": self.response_headers, "payload": text });
        shown
    }

    /// What GitHub counts an unreachable app as.
    pub(super) fn status_code(&self) -> u16 {
        match (&self.answer, self.failure) {
            (Some((status, _)), _) => *status,
            (None, Some("timed out")) => 504,
            (None, _) => 502,
        }
    }

    fn status(&self) -> String {
        match (&self.answer, self.failure) {
            (Some((status, _)), _) if (200..300).contains(status) => "OK".to_owned(),
            (Some((status, _)), _) => format!("Invalid HTTP Response: {status}"),
            (None, failure) => failure.unwrap_or("failed to connect to host").to_owned(),
        }
    }
}

/// What was delivered, newest last.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<(u64, VecDeque<Delivery>)>);

impl Deliveries {
    /// Deliveries up to id `from`, newest first, and the id at which the next page starts.
    pub(super) fn page(
        &self,
        from: Option<u64>,
        size: usize,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> (Vec<Value>, Option<u64>) {
        let kept = self.lock();
        let listed = kept.1.iter().rev();
        let mut listed = listed.filter(|it| from.is_none_or(|from| it.id <= from) && wanted(it));
        let page = listed.by_ref().take(size).map(Delivery::shown).collect();
        (page, listed.next().map(|it| it.id))
    }

    pub(super) fn find(&self, id: u64) -> Option<Delivery> {
        self.lock().1.iter().find(|it| it.id == id).cloned()
    }

    pub(super) fn clear(&self) {
        // Numbers that were used are not used again.
        self.lock().1.clear();
    }

    fn add(&self, mut delivery: Delivery) -> Delivery {
        let mut kept = self.lock();
        kept.0 += 1;
        delivery.id = FIRST_ID + kept.0;
        if kept.1.len() == KEPT {
            kept.1.pop_front();
        }
        kept.1.push_back(delivery.clone());
        delivery
    }

    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Delivery>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a webhook is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// For the first time.
    First,
    /// Because somebody asked for it again.
    Again,
    /// For the first time, and the app is never reached.
    Lost,
}

/// Sends one webhook as GitHub does, and keeps what became of it.
///
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers>
pub(crate) async fn send(world: &World, webhook: Webhook, sending: Sending) -> Delivery {
    if webhook.event == "workflow_run" && sending != Sending::Again {
        world.github.runs.note(webhook.payload(), webhook.url.clone());
    }
    let (delivered_at, started) = (clock::precise(), Instant::now());
    let headers = headers(world, &webhook);
    let target = webhook.url.clone().or_else(|| world.github.settings().webhook_url);
    let (sent, failure) = match target.filter(|_| sending != Sending::Lost) {
        None => (None, Some("failed to connect to host")),
        Some(url) => match post(world, &url, &headers, &webhook.body).await {
            Ok(sent) => (Some(sent), None),
            Err(error) if error.is_timeout() => (None, Some("timed out")),
            Err(error) => {
                tracing::debug!(%error, "The app did not answer a webhook");
                (None, Some("failed to connect to host"))
            }
        },
    };
    let (answer, response_headers) = match sent {
        Some((status, headers, text)) => (Some((status, text)), headers),
        None => (None, Map::new()),
    };
    let status = answer.as_ref().map(|(status, _)| *status);
    world.journal.delivery(journal::Delivery {
        via: "github",
        kind: webhook.event.clone(),
        id: webhook.guid.clone(),
        attempt: u32::from(sending == Sending::Again),
        acked: status.is_some_and(|status| (200..300).contains(&status)),
        status,
        at: clock::precise(),
    });
    // Only what lists show is kept of the payload besides the body, which can be large.
    let payload = webhook.payload();
    let named = |(name, value): (&str, String)| (name.to_owned(), Value::String(value));
    world.github.deliveries.add(Delivery {
        id: 0,
        webhook,
        delivered_at,
        redelivery: sending == Sending::Again,
        action: payload["action"].clone(),
        installation_id: payload["installation"]["id"].clone(),
        repository_id: payload["repository"]["id"].clone(),
        duration: started.elapsed().as_secs_f64(),
        answer,
        failure,
        request_headers: headers.into_iter().map(named).collect(),
        response_headers,
    })
}

fn headers(world: &World, webhook: &Webhook) -> Vec<(&'static str, String)> {
    let github = &world.configuration.github;
    let secret = webhook.secret.as_ref().unwrap_or(&github.webhook_secret);
    let mut headers = vec![
        ("Accept", "*/*".to_owned()),
        ("Content-Type", webhook.content_type.clone()),
        ("User-Agent", "GitHub-Hookshot/5a1d3c2".to_owned()),
        ("X-GitHub-Delivery", webhook.guid.clone()),
        ("X-GitHub-Event", webhook.event.clone()),
        ("X-GitHub-Hook-ID", "42".to_owned()),
        ("X-GitHub-Hook-Installation-Target-ID", github.app_id.to_string()),
        ("X-GitHub-Hook-Installation-Target-Type", "integration".to_owned()),
        (
            "X-Hub-Signature-256",
            signature::github(secret, webhook.body.as_bytes()),
        ),
    ];
    headers.retain(|(name, _)| !webhook.omit.iter().any(|omitted| omitted.eq_ignore_ascii_case(name)));
    headers
}

type Answer = (u16, Map<String, Value>, String);

async fn post(world: &World, url: &str, headers: &[(&str, String)], body: &str) -> Result<Answer, reqwest::Error> {
    let mut request = world.http.post(url).timeout(PATIENCE);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = request.body(body.to_owned()).send().await?;
    let status = response.status().as_u16();
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), Value::String(text(value))));
    Ok((status, headers.collect(), response.text().await?))
}
