use serde_json::{Map, Value, json};

use super::{
    hub::Attempt,
    request_url::{self, Format, Retry, Signing},
};
use crate::{clock, journal::Delivery, world::Shared};

/// Slack redelivers an event this many times.
const REDELIVERIES: u32 = 3;

/// Which way something reaches the app.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// An envelope over Socket Mode.
    Socket,
    /// A signed request to this URL.
    Http(String, Signing),
}

/// Something on its way to the app.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// `events_api`, `slash_commands` or `interactive`.
    pub(crate) kind: &'static str,
    /// Identifies it in the journal.
    pub(crate) id: String,
    pub(crate) payload: Value,
    /// What the first attempt says about attempts before it.
    pub(crate) retry: Option<Retry>,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) acked: bool,
    /// What the app answered with its acknowledgement.
    pub(crate) payload: Option<Value>,
    /// HTTP status, when it went over HTTP and the app answered.
    pub(crate) status: Option<u16>,
}

/// Delivers one thing; events over Socket Mode are redelivered until the app acknowledges.
///
/// Over HTTP it is one attempt: the caller plays Slack's retries, which come after a minute and after five.
pub(crate) async fn deliver(world: &Shared, route: &Route, outgoing: Outgoing) -> Delivered {
    match route {
        Route::Socket => over_socket(world, &outgoing).await,
        Route::Http(url, signing) => over_http(world, url, signing, outgoing).await,
    }
}

/// Delivers events in the background, one after the other: over Socket Mode if it is on, else to the verified request
/// URL, else not.
pub(super) fn tell(world: &Shared, payloads: Vec<Value>) {
    let route = match (world.hub.connections(), world.request_url()) {
        (1.., _) => Route::Socket,
        (0, Some(url)) => Route::Http(url, Signing::default()),
        (0, None) => return,
    };
    let (tracked, world) = (world.clone(), world.clone());
    tracked.tasks.spawn(async move {
        for payload in payloads {
            let outgoing = Outgoing {
                kind: "events_api",
                id: payload["event_id"].as_str().unwrap_or_default().to_owned(),
                payload,
                retry: None,
            };
            tokio::select! {
                _ = deliver(&world, &route, outgoing) => {}
                () = world.shutdown.cancelled() => return,
            }
        }
    });
}

async fn over_socket(world: &Shared, outgoing: &Outgoing) -> Delivered {
    let slack = &world.configuration.slack;
    let envelope_id = clock::guid();
    // Slack never repeats a command or a click: the person sees the failure and decides.
    let redeliveries = if outgoing.kind == "events_api" { REDELIVERIES } else { 0 };
    let mut attempt = 0;
    while attempt <= redeliveries {
        if !world.hub.wait_for_connection(slack.connection_wait).await {
            break;
        }
        let frame = envelope(outgoing, &envelope_id, attempt).to_string();
        let outcome = world
            .hub
            .attempt(&envelope_id, frame, slack.acknowledgement_timeout)
            .await;
        let (sent, acked, payload) = match outcome {
            Attempt::NotSent => (false, false, None),
            Attempt::Unacknowledged => (true, false, None),
            Attempt::Acknowledged(payload) => (true, true, payload),
        };
        if !sent {
            // The connection ended between waiting and sending.
            tokio::task::yield_now().await;
            continue;
        }
        world.journal.delivery(Delivery {
            via: "socket",
            kind: outgoing.kind.into(),
            id: outgoing.id.clone(),
            attempt: outgoing.retry.as_ref().map_or(0, |retry| retry.attempt) + attempt,
            acked,
            status: None,
            at: clock::precise(),
        });
        if acked {
            return Delivered {
                acked,
                payload,
                status: None,
            };
        }
        attempt += 1;
    }
    Delivered::default()
}

fn envelope(outgoing: &Outgoing, envelope_id: &str, attempt: u32) -> Value {
    let mut envelope = Map::new();
    envelope.insert("envelope_id".into(), envelope_id.into());
    envelope.insert("type".into(), outgoing.kind.into());
    envelope.insert(
        "accepts_response_payload".into(),
        (outgoing.kind != "events_api").into(),
    );
    if outgoing.kind == "events_api" {
        let (before, reason) = outgoing
            .retry
            .as_ref()
            .map_or((0, ""), |retry| (retry.attempt, retry.reason.as_str()));
        let reason = if attempt > 0 { "timeout" } else { reason };
        envelope.insert("retry_attempt".into(), (before + attempt).into());
        envelope.insert("retry_reason".into(), reason.into());
    }
    envelope.insert("payload".into(), outgoing.payload.clone());
    Value::Object(envelope)
}

async fn over_http(world: &Shared, url: &str, signing: &Signing, outgoing: Outgoing) -> Delivered {
    let format = match outgoing.kind {
        "slash_commands" => Format::Form,
        "interactive" => Format::Interaction,
        _ => Format::Json,
    };
    let attempt = outgoing.retry.as_ref().map_or(0, |retry| retry.attempt);
    let answer = request_url::send(world, url, format, &outgoing.payload, signing, outgoing.retry.as_ref()).await;
    let delivered = match answer {
        Ok((status, body)) => Delivered {
            acked: (200..300).contains(&status),
            payload: if body.is_empty() {
                None
            } else {
                Some(serde_json::from_str(&body).unwrap_or_else(|_| json!(body)))
            },
            status: Some(status),
        },
        Err(error) => {
            tracing::debug!(%error, "The app did not answer a Slack request");
            Delivered::default()
        }
    };
    world.journal.delivery(Delivery {
        via: "http",
        kind: outgoing.kind.into(),
        id: outgoing.id,
        attempt,
        acked: delivered.acked,
        status: delivered.status,
        at: clock::precise(),
    });
    delivered
}
