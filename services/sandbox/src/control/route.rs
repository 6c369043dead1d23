use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    problem::Problem,
    slack::{self, Delivered, Outgoing, Retry, Route, Signing},
    world::{RequestUrls, Shared},
};

/// The part of a body that says how something reaches the app.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Way {
    via: Option<Via>,
    url: Option<String>,
    secret: Option<String>,
    timestamp: Option<Timestamp>,
    retry_num: Option<u32>,
    retry_attempt: Option<u32>,
    retry_reason: Option<String>,
    timeout_ms: Option<u64>,
    /// Whatever no field of the verb took.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Via {
    Socket,
    Http,
    /// Over Socket Mode if a connection is live, else to the verified request URL; without either it waits for a connection.
    Usual,
}

/// What is on its way, by which the app's settings tell where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    Command,
    Interaction,
}

impl Kind {
    fn url(self, urls: RequestUrls) -> String {
        match self {
            Self::Event => urls.events,
            Self::Command => urls.commands,
            Self::Interaction => urls.interactivity,
        }
    }
}

/// A time as a header has it, which a test may also make a text that is none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Timestamp {
    Number(i64),
    Text(String),
}

impl Timestamp {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Way {
    /// Where an event goes.
    ///
    /// # Errors
    ///
    /// As [`route_of`](Self::route_of).
    pub(super) fn route(&self, world: &Shared) -> Result<Route, Problem> {
        self.route_of(world, Kind::Event)
    }

    /// Where it goes: over HTTP if the body says so or names a URL, else over Socket Mode.
    ///
    /// # Errors
    ///
    /// The body has fields that nothing knows, or there is no URL.
    pub(super) fn route_of(&self, world: &Shared, kind: Kind) -> Result<Route, Problem> {
        if let Some(name) = self.unknown.keys().next() {
            return Err(Problem::bad_request(format!("The verb has no field `{name}`.")));
        }
        let via = self
            .via
            .unwrap_or(if self.url.is_some() { Via::Http } else { Via::Socket });
        let verified = world.request_urls().map(|urls| kind.url(urls));
        let url = match via {
            Via::Socket => return Ok(Route::Socket),
            Via::Usual if world.hub.connections() > 0 || verified.is_none() => return Ok(Route::Socket),
            Via::Usual => verified,
            Via::Http => self.url.clone().or(verified),
        };
        let url = url.ok_or_else(|| {
            Problem::bad_request(
                "`via` is `http`, but there is no `url` and none was verified with `url_verification`.",
            )
        })?;
        let timestamp = self.timestamp.as_ref().map(Timestamp::text);
        Ok(Route::Http(
            url,
            Signing {
                secret: self.secret.clone(),
                timestamp,
            },
        ))
    }

    /// What the first attempt says about attempts before it.
    pub(super) fn retry(&self, route: &Route) -> Option<Retry> {
        let attempt = self.retry_num.or(self.retry_attempt)?;
        let usual = match route {
            Route::Socket => "timeout",
            Route::Http(..) => "http_timeout",
        };
        Some(Retry {
            attempt,
            reason: self.retry_reason.clone().unwrap_or_else(|| usual.into()),
        })
    }
}

/// Tells the app of an event and waits for the outcome; returns it with the event's id.
pub(super) async fn tell(world: &Shared, way: &Way, route: &Route, event: &Value) -> (Delivered, String) {
    let payload = slack::envelope(world, world.slack_tokens.install(), event);
    let id = payload["event_id"].as_str().unwrap_or_default().to_owned();
    let outgoing = Outgoing {
        kind: "events_api",
        id: id.clone(),
        payload,
        retry: way.retry(route),
    };
    (deliver(world, way, route, outgoing).await, id)
}

/// Delivers an interaction and waits for the outcome.
pub(super) async fn interact(world: &Shared, way: &Way, route: &Route, payload: Value) -> Delivered {
    let outgoing = Outgoing {
        kind: "interactive",
        id: payload["trigger_id"].as_str().unwrap_or_default().to_owned(),
        payload,
        retry: None,
    };
    deliver(world, way, route, outgoing).await
}

/// Delivers it and waits for the outcome, at most `timeout_ms`; redelivery goes on after that.
pub(super) async fn deliver(world: &Shared, way: &Way, route: &Route, outgoing: Outgoing) -> Delivered {
    let (shared, route) = (world.clone(), route.clone());
    let delivery = world.tasks.spawn(async move {
        tokio::select! {
            delivered = slack::deliver(&shared, &route, outgoing) => delivered,
            () = shared.shutdown.cancelled() => Delivered::default(),
        }
    });
    let limit = Duration::from_millis(way.timeout_ms.unwrap_or(15_000));
    tokio::time::timeout(limit, delivery)
        .await
        .ok()
        .and_then(Result::ok)
        .unwrap_or_default()
}
