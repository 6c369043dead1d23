//! Slack over HTTP: verify, store, and only then acknowledge.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Utc};
use infragpt_nats::FactPublisher;
use tracing::{info, warn};

use super::{
    Configuration,
    fact::{self, Event, Origin},
    verification::{self, SigningSecret, check_timestamp},
};
use crate::{
    Fact, Problem,
    problem::{header, is_content_type, read_body},
};

/// Slack counts three seconds until it sends again: a publish that takes longer than this is answered with 503.
const PUBLISH_LIMIT: Duration = Duration::from_secs(2);

/// The HTTP door of the inbound half.
#[derive(Clone)]
pub struct Inbound(Arc<Shared>);

struct Shared {
    publisher: FactPublisher,
    secret: SigningSecret,
    max_body_bytes: usize,
    clock: fn() -> DateTime<Utc>,
}

impl Inbound {
    /// The door, if the configuration has a signing secret. `clock` tells the time that timestamps are checked against.
    pub fn new(configuration: &Configuration, publisher: FactPublisher, clock: fn() -> DateTime<Utc>) -> Option<Self> {
        let secret = SigningSecret::new(configuration.signing_secret.as_ref()?);
        Some(Self(Arc::new(Shared {
            publisher,
            secret,
            max_body_bytes: configuration.max_body_bytes,
            clock,
        })))
    }

    async fn store(&self, fact: Fact) -> Result<StatusCode, Problem> {
        let subject = fact.subject.clone();
        let id = fact.envelope.id.clone();
        match fact.store(&self.0.publisher, PUBLISH_LIMIT).await {
            Ok(_) => Ok(StatusCode::OK),
            Err(error) => {
                warn!(%subject, event.id = %id, error = &error as &dyn std::error::Error, "Didn't store a fact from Slack: it isn't acknowledged");
                Err(Problem::from(&error))
            }
        }
    }
}

/// The endpoints `/webhooks/slack/{events,commands,interactions}`.
pub fn router(inbound: Inbound) -> Router {
    let limit = DefaultBodyLimit::max(inbound.0.max_body_bytes);
    Router::new()
        .route("/webhooks/slack/events", post(events))
        .route("/webhooks/slack/commands", post(commands))
        .route("/webhooks/slack/interactions", post(interactions))
        .layer(limit)
        .with_state(inbound)
}

async fn events(State(inbound): State<Inbound>, request: Request) -> Result<Response, Problem> {
    let Signed { body, headers, origin } = verified(&inbound.0, request).await?;
    expect(&headers, "application/json", "application/json")?;
    match fact::event(&body, &origin) {
        Event::Challenge(challenge) => Ok(challenge.into_response()),
        Event::Fact(fact) => inbound
            .store(*fact)
            .await
            .map(IntoResponse::into_response)
            .map_err(|problem| problem.of(&headers)),
    }
}

async fn commands(State(inbound): State<Inbound>, request: Request) -> Result<Response, Problem> {
    form(&inbound, request, fact::command_form).await
}

async fn interactions(State(inbound): State<Inbound>, request: Request) -> Result<Response, Problem> {
    form(&inbound, request, fact::interaction_form).await
}

async fn form(inbound: &Inbound, request: Request, read: fn(&[u8], &Origin) -> Fact) -> Result<Response, Problem> {
    let Signed { body, headers, origin } = verified(&inbound.0, request).await?;
    expect(
        &headers,
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded, as Slack sends it",
    )?;
    let stored = inbound.store(read(&body, &origin)).await;
    stored
        .map(IntoResponse::into_response)
        .map_err(|problem| problem.of(&headers))
}

fn expect(headers: &HeaderMap, essence: &str, expected: &'static str) -> Result<(), Problem> {
    if is_content_type(headers, essence) {
        Ok(())
    } else {
        Err(Problem::unsupported(expected).of(headers))
    }
}

struct Signed {
    body: Bytes,
    headers: HeaderMap,
    origin: Origin,
}

/// Reads and verifies; whatever can be refused without the body is refused before reading it.
async fn verified(shared: &Shared, mut request: Request) -> Result<Signed, Problem> {
    let headers = std::mem::take(request.headers_mut());
    let refused = |error: verification::Error| {
        info!(reason = %error, "Refused a request that isn't proved to be Slack's");
        Problem::unauthorized(&error).of(&headers)
    };
    let signature = header(&headers, "x-slack-signature")
        .ok_or(verification::Error::Missing)
        .map_err(refused)?;
    let timestamp = header(&headers, "x-slack-request-timestamp")
        .ok_or(verification::Error::Missing)
        .map_err(refused)?;
    let now = (shared.clock)();
    check_timestamp(timestamp, now).map_err(refused)?;
    let body = read_body(&headers, request, shared.max_body_bytes)
        .await
        .map_err(|problem| problem.of(&headers))?;
    shared
        .secret
        .verify(timestamp, signature, &body, now)
        .map_err(refused)?;
    let origin = Origin::Http {
        signature: signature.to_owned(),
        timestamp: timestamp.to_owned(),
        retry: header(&headers, "x-slack-retry-num").map(|number| {
            (
                number.to_owned(),
                header(&headers, "x-slack-retry-reason").unwrap_or_default().to_owned(),
            )
        }),
    };
    Ok(Signed { body, headers, origin })
}
