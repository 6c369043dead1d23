use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    route::Timestamp,
    verb::{Answer, read},
};
use crate::{
    clerk::{self, Forgery, To, Webhook},
    problem::Problem,
    world::World,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    /// Instead of the instance's own webhook URL.
    url: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<Value>,
    /// When it happened, in milliseconds; now unless told.
    at: Option<i64>,
    secret: Option<Secrets>,
    /// `svix-id`.
    id: Option<String>,
    /// `svix-timestamp`.
    timestamp: Option<Timestamp>,
    /// Instead of any signature.
    signature: Option<String>,
    /// Names of headers that are left out.
    #[serde(default)]
    omit: Vec<String>,
    /// Instead of any event.
    raw_body: Option<String>,
}

/// One secret, or several while one is rotated.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Secrets {
    One(String),
    Several(Vec<String>),
}

/// Clerk delivers a webhook, whatever it says.
pub(super) async fn clerk_webhook(world: &World, body: &[u8]) -> Answer {
    let delivery: Delivery = read(body)?;
    let settings = world.clerk.settings();
    let url = delivery.url.or(settings.webhook_url);
    let url = url.ok_or_else(|| Problem::bad_request("The instance has no webhook URL; name one in `url`."))?;
    let kind = delivery.kind.unwrap_or_default();
    let body = match (delivery.raw_body, delivery.data) {
        (Some(raw), _) => raw,
        (None, Some(data)) if !kind.is_empty() => clerk::body(world, &kind, data, delivery.at).to_string(),
        (None, _) => return Err(Problem::bad_request("The body needs `type` and `data`, or `raw_body`.")),
    };
    let mut webhook = Webhook::new(world, &url, &kind, body);
    webhook.signature = delivery.signature;
    webhook.omit = delivery.omit;
    if let Some(id) = delivery.id {
        webhook.id = id;
    }
    if let Some(timestamp) = delivery.timestamp {
        webhook.timestamp = timestamp.text();
    }
    match delivery.secret {
        Some(Secrets::One(secret)) => webhook.secrets = vec![secret],
        Some(Secrets::Several(secrets)) => webhook.secrets = secrets,
        None => {}
    }
    if !webhook.can_be_signed() {
        return Err(Problem::bad_request("A `secret` has to be `whsec_` and Base64."));
    }
    let (status, answer) = clerk::send(world, &webhook)
        .await
        .map_err(|error| Problem::unreachable(format!("The webhook URL did not answer: {error}.")))?;
    let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    Ok(json!({ "status": status, "id": webhook.id, "body": answer }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcement {
    /// Instead of the instance's own webhook URL.
    url: Option<String>,
}

/// Tells the app of everybody and everything that exists.
pub(super) async fn clerk_announce(world: &World, body: &[u8]) -> Answer {
    let wanted: Announcement = read(body)?;
    if wanted.url.is_none() && world.clerk.settings().webhook_url.is_none() {
        return Err(Problem::bad_request(
            "The instance has no webhook URL; name one in `url`.",
        ));
    }
    let to = wanted.url.map_or(To::Usual, To::Url);
    let announced = clerk::announce_everything(world, &to).await;
    Ok(json!({ "sent": announced.sent, "failed": announced.failed }))
}

/// Makes a session token, good or bad.
pub(super) fn clerk_session(world: &World, body: &[u8]) -> Answer {
    let wanted: Forgery = read(body)?;
    let (token, claims) = clerk::forge(world, &wanted).map_err(Problem::bad_request)?;
    Ok(json!({ "token": token, "claims": claims }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    #[serde(default = "ten_minutes")]
    keep_seconds: u32,
}

fn ten_minutes() -> u32 {
    600
}

/// Tokens are signed with the other key from now on.
pub(super) fn clerk_rotate_key(world: &World, body: &[u8]) -> Answer {
    let wanted: Rotation = read(body)?;
    let jwks = world.clerk.rotate(wanted.keep_seconds);
    let keys = jwks["keys"].as_array().into_iter().flatten();
    let kids: Vec<&Value> = keys.map(|key| &key["kid"]).collect();
    Ok(json!({ "kid": kids.first(), "kids": kids }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    webhook_url: Option<String>,
    app_origins: Option<Vec<String>>,
}

/// Somebody changes the instance's settings; what the body leaves out stays.
pub(super) fn clerk_instance(world: &World, body: &[u8]) -> Answer {
    let wanted: Settings = read(body)?;
    world.clerk.change_settings(|settings| {
        settings.webhook_url = wanted.webhook_url.or(settings.webhook_url.take());
        if let Some(origins) = wanted.app_origins {
            settings.app_origins = origins;
        }
    });
    Ok(json!({}))
}
