use serde::Deserialize;
use serde_json::{Value, json};

use super::verb::{Answer, read};
use crate::{
    clock,
    github::{self, Sending, Webhook},
    problem::Problem,
    world::Shared,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    /// Instead of the App's own webhook URL.
    url: Option<String>,
    /// `X-GitHub-Event`.
    event: String,
    action: Option<String>,
    /// Full name of the repository; the installation's first one unless told.
    repository: Option<String>,
    /// Login of the person who did it.
    sender: Option<String>,
    /// The whole payload, instead of the usual one.
    payload: Option<Value>,
    /// Laid over the usual payload by JSON Merge Patch (RFC 7396).
    patch: Option<Value>,
    secret: Option<String>,
    guid: Option<String>,
    content_type: Option<String>,
    /// Names of headers that are left out.
    #[serde(default)]
    omit: Vec<String>,
    /// Instead of any payload.
    raw_body: Option<String>,
    /// The app is never reached, and finds it among GitHub's deliveries only.
    #[serde(default)]
    lose: bool,
}

/// GitHub delivers a webhook.
pub(super) async fn github_webhook(world: &Shared, body: &[u8]) -> Answer {
    let delivery: Delivery = read(body)?;
    let guid = delivery.guid.unwrap_or_else(clock::guid);
    let content_type = delivery.content_type.unwrap_or_else(|| "application/json".to_owned());
    let write = |payload: &Value| {
        let json = payload.to_string();
        if content_type == "application/x-www-form-urlencoded" {
            // A pair of texts always has a form.
            return serde_urlencoded::to_string([("payload", json)]).unwrap_or_default();
        }
        json
    };
    let body = if let Some(raw) = delivery.raw_body {
        raw
    } else if let Some(payload) = &delivery.payload {
        write(payload)
    } else {
        let about = github::About {
            repository: delivery.repository.as_deref(),
            sender: delivery.sender.as_deref().unwrap_or("maya"),
        };
        let mut payload = github::payload(world, &delivery.event, delivery.action.as_deref(), &about);
        if let Some(patch) = &delivery.patch {
            github::merge(&mut payload, patch);
        }
        write(&payload)
    };
    if !delivery.lose && delivery.url.is_none() && world.github.settings().webhook_url.is_none() {
        return Err(Problem::bad_request("The App has no webhook URL; name one in `url`."));
    }
    let sending = if delivery.lose { Sending::Lost } else { Sending::First };
    let webhook = Webhook {
        url: delivery.url,
        event: delivery.event,
        guid: guid.clone(),
        secret: delivery.secret,
        content_type: content_type.clone(),
        omit: delivery.omit,
        body,
    };
    let sent = github::send(world, webhook, sending).await;
    let Some((status, answer)) = sent.answer else {
        if delivery.lose {
            return Ok(json!({ "status": null, "guid": guid, "body": null, "delivery": sent.id }));
        }
        let reason = sent.failure.unwrap_or("failed to connect to host");
        return Err(Problem::unreachable(format!(
            "The webhook URL did not answer: {reason}."
        )));
    };
    let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    Ok(json!({ "status": status, "guid": guid, "body": answer, "delivery": sent.id }))
}
