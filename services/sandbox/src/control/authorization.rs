use serde::Deserialize;
use serde_json::json;

use super::{
    route::{self, Way},
    verb::{Answer, read},
};
use crate::{
    clock,
    slack::{self, Install, Outgoing},
    world::{Shared, World},
};

#[derive(Debug, Deserialize)]
struct Uninstall {
    #[serde(default)]
    order: Order,
    /// Only this installation; all unless told.
    install: Option<Install>,
    #[serde(flatten)]
    way: Way,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    TokensFirst,
    AppFirst,
}

/// Somebody takes the app out of the workspace; Slack tells it in either order.
pub(super) async fn slack_uninstall(world: &Shared, body: &[u8]) -> Answer {
    let uninstall: Uninstall = read(body)?;
    let route = uninstall.way.route(world)?;
    let install = uninstall.install.unwrap_or_else(|| world.slack_tokens.install());
    world.slack_tokens.uninstall(uninstall.install);
    let mut events = [slack::tokens_revoked(world), slack::app_uninstalled(world)];
    if uninstall.order == Order::AppFirst {
        events.reverse();
    }
    let mut outcomes = Vec::new();
    let mut ids = Vec::new();
    for event in &events {
        let payload = slack::envelope(world, install, event);
        let id = payload["event_id"].as_str().unwrap_or_default().to_owned();
        let outgoing = Outgoing {
            kind: "events_api",
            id: id.clone(),
            payload,
            retry: uninstall.way.retry(&route),
        };
        outcomes.push(route::deliver(world, &uninstall.way, &route, outgoing).await);
        ids.push(id);
    }
    let mut answer = json!({ "acked": outcomes.iter().all(|it| it.acked), "event_ids": ids });
    if matches!(route, slack::Route::Http(..)) {
        answer["statuses"] = outcomes.iter().map(|it| it.status).collect();
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    #[serde(default)]
    service: Service,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Service {
    #[default]
    Slack,
    Github,
}

/// All access tokens that were issued expire now.
pub(super) fn expire_tokens(world: &World, body: &[u8]) -> Answer {
    let expire: Expire = read(body)?;
    let expired = match expire.service {
        Service::Slack => world.slack_tokens.expire(clock::seconds()),
        Service::Github => world.github.tokens.expire(clock::seconds()),
    };
    Ok(json!({ "expired": expired }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    scopes: Vec<String>,
}

/// The next person who allows the app in grants less than it asks for.
pub(super) fn next_consent(world: &World, body: &[u8]) -> Answer {
    let consent: Consent = read(body)?;
    world.slack_tokens.grant_next(consent.scopes);
    Ok(json!({}))
}
