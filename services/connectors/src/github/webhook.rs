//! GitHub over HTTP: verify, store, and only then acknowledge.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    routing::post,
};
use infragpt_nats::FactPublisher;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::{
    Configuration,
    fact::{self, delivery},
    verification::{self, WebhookSecret},
};
use crate::{
    Problem,
    problem::{header, read_body},
};

/// GitHub counts ten seconds until it calls a delivery failed.
const PUBLISH_LIMIT: Duration = Duration::from_secs(5);

/// The HTTP door of the inbound half.
#[derive(Clone)]
pub struct Inbound(Arc<Shared>);

struct Shared {
    publisher: FactPublisher,
    secret: WebhookSecret,
    max_body_bytes: usize,
}

impl Inbound {
    /// The door, if the configuration has a webhook secret.
    pub fn new(configuration: &Configuration, publisher: FactPublisher) -> Option<Self> {
        let secret = WebhookSecret::new(configuration.webhook_secret.as_ref()?);
        Some(Self(Arc::new(Shared {
            publisher,
            secret,
            max_body_bytes: configuration.max_body_bytes,
        })))
    }
}

/// The endpoint `/webhooks/github`.
pub fn router(inbound: Inbound) -> Router {
    let limit = DefaultBodyLimit::max(inbound.0.max_body_bytes);
    Router::new()
        .route("/webhooks/github", post(receive))
        .layer(limit)
        .with_state(inbound)
}

/// Answers with the place in the log, which GitHub shows on its page of recent deliveries.
async fn receive(State(Inbound(shared)): State<Inbound>, mut request: Request) -> Result<Json<Value>, Problem> {
    let headers = std::mem::take(request.headers_mut());
    let refused = |error: verification::Error| {
        info!(reason = %error, "Refused a request that isn't proved to be GitHub's");
        Problem::unauthorized(&error).of(&headers)
    };
    let signature = header(&headers, "x-hub-signature-256")
        .ok_or(verification::Error::Missing)
        .map_err(refused)?;
    let body = read_body(&headers, request, shared.max_body_bytes)
        .await
        .map_err(|problem| problem.of(&headers))?;
    shared.secret.verify(signature, &body).map_err(refused)?;
    let fact = delivery(&headers, signature, body).map_err(|error| Problem::from(error).of(&headers))?;
    let subject = fact.subject.clone();
    let id = fact.envelope.id.clone();
    match fact.store(&shared.publisher, PUBLISH_LIMIT).await {
        Ok(published) => Ok(Json(json!({
            "stream": published.stream, "sequence": published.sequence, "duplicate": published.duplicate,
        }))),
        Err(error) => {
            warn!(%subject, event.id = %id, error = &error as &dyn std::error::Error, "Didn't store a delivery from GitHub: it isn't acknowledged");
            Err(Problem::from(&error).of(&headers))
        }
    }
}

impl From<fact::Error> for Problem {
    fn from(error: fact::Error) -> Self {
        let status = match error {
            fact::Error::Event | fact::Error::Delivery => StatusCode::BAD_REQUEST,
            fact::Error::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        };
        Self::new(status, error.to_string())
    }
}
