//! Clerk over HTTP: verify, store, and only then acknowledge.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::HeaderMap,
    routing::post,
};
use chrono::{DateTime, Utc};
use infragpt_connectors::{
    Inbound, Problem,
    problem::{header, is_content_type, read_body},
};
use infragpt_nats::FactPublisher;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::{
    Error,
    fact::delivery,
    verification::{self, Signed, WebhookSecrets, check},
};
use crate::Configuration;

/// Clerk counts fifteen seconds until it calls a delivery failed and sends it again later.
const PUBLISH_LIMIT: Duration = Duration::from_secs(5);

const JSON: &str = "application/json";

#[derive(Clone)]
struct Door(Arc<Shared>);

struct Shared {
    publisher: FactPublisher,
    secrets: WebhookSecrets,
    max_body_bytes: usize,
    clock: fn() -> DateTime<Utc>,
}

/// The endpoint `/webhooks/clerk`, if the configuration has a webhook secret. `clock` tells the time that timestamps are
/// checked against.
///
/// # Errors
/// [`Error::Configuration`].
pub fn inbound(
    configuration: &Configuration,
    publisher: FactPublisher,
    clock: fn() -> DateTime<Utc>,
) -> Result<Option<Inbound>, Error> {
    configuration.check()?;
    let Some(secrets) = configuration.webhook_secrets()? else {
        return Ok(None);
    };
    let max_body_bytes = configuration.max_body_bytes;
    let door = Door(Arc::new(Shared {
        publisher,
        secrets,
        max_body_bytes,
        clock,
    }));
    let routes = Router::new()
        .route("/webhooks/clerk", post(receive))
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .with_state(door);
    Ok(Some(Inbound { routes, running: None }))
}

/// Answers with the place in the log, which the endpoint's page of attempts shows.
async fn receive(State(Door(shared)): State<Door>, mut request: Request) -> Result<Json<Value>, Problem> {
    let headers = std::mem::take(request.headers_mut());
    take(&shared, &headers, request)
        .await
        .map(Json)
        .map_err(|problem| problem.of(&headers))
}

async fn take(shared: &Shared, headers: &HeaderMap, request: Request) -> Result<Value, Problem> {
    let refused = |error: verification::Error| {
        info!(reason = %error, "Refused a request that isn't proved to be Clerk's");
        Problem::unauthorized(&error)
    };
    let named = |name| {
        header(headers, name)
            .ok_or(verification::Error::Missing)
            .map_err(refused)
    };
    let signed = Signed {
        id: named("svix-id")?,
        timestamp: named("svix-timestamp")?,
        signature: named("svix-signature")?,
    };
    let now = (shared.clock)();
    check(signed, now).map_err(refused)?;
    let body = read_body(headers, request, shared.max_body_bytes).await?;
    shared.secrets.verify(signed, &body, now).map_err(refused)?;
    if !is_content_type(headers, JSON) {
        return Err(Problem::unsupported(JSON));
    }
    let fact = delivery(signed, &body);
    let subject = fact.subject.clone();
    match fact.store(&shared.publisher, PUBLISH_LIMIT).await {
        Ok(published) => Ok(json!({
            "stream": published.stream, "sequence": published.sequence, "duplicate": published.duplicate,
        })),
        Err(error) => {
            warn!(%subject, event.id = signed.id, error = &error as &dyn std::error::Error, "Didn't store a fact from Clerk: it isn't acknowledged");
            Err(Problem::from(&error))
        }
    }
}
