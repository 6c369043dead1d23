use serde::Deserialize;
use serde_json::{Value, json};

use super::verb::{Answer, read};
use crate::{
    clock,
    github::{self, Webhook},
    problem::Problem,
    world::Shared,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    url: String,
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
}

/// GitHub delivers a webhook.
pub(super) async fn github_webhook(world: &Shared, body: &[u8]) -> Answer {
    let delivery: Delivery = read(body)?;
    let guid = delivery.guid.unwrap_or_else(clock::guid);
    let content_type = delivery.content_type.as_deref().unwrap_or("application/json");
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
        let sender = delivery.sender.as_deref().unwrap_or("maya");
        let about = github::About {
            repository: delivery.repository.as_deref(),
            sender,
        };
        let mut payload = github::payload(world, &delivery.event, delivery.action.as_deref(), &about);
        if let Some(patch) = &delivery.patch {
            github::merge(&mut payload, patch);
        }
        write(&payload)
    };
    let (status, answer) = github::deliver(
        world,
        Webhook {
            url: &delivery.url,
            event: &delivery.event,
            guid: &guid,
            secret: delivery.secret.as_deref(),
            content_type,
            omit: &delivery.omit,
            body,
        },
    )
    .await
    .map_err(|error| Problem::unreachable(format!("The webhook URL did not answer: {error}.")))?;
    let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    Ok(json!({ "status": status, "guid": guid, "body": answer }))
}
