use std::{collections::BTreeMap, path::Path, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use chrono::{DateTime, Utc};
use infragpt_events::{
    OrganizationId,
    organization::{self, Organization},
    user::{self, User},
};
use infragpt_local::NatsServer;
use infragpt_nats::{
    AggregateSubject, Connection, ConnectionConfiguration, Definitions, EventStore, FactPublisher, Log, Received,
    definition::{self, SERVER_CONFIGURATION},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{Configuration, clerk, clerk::verification::WebhookSecrets};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The largest webhook that is taken here, in bytes.
pub const MOST_BYTES: usize = 10_000;

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: its server lives in real time"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A nats-server, and who asks it.
pub struct Installation {
    pub server: NatsServer,
    pub directory: TempDir,
}

impl Installation {
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("infragpt-identity-").tempdir().unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment).await;
        let installation = Self {
            server: server.unwrap(),
            directory,
        };
        let admin = installation.connect("admin").await;
        Definitions::embedded(1).unwrap().apply(&admin).await.unwrap();
        installation
    }

    pub async fn connect(&self, user: &str) -> Connection {
        Connection::connect(&ConnectionConfiguration {
            url: self.server.url(),
            user: user.to_owned(),
            password: password(user).into(),
            name: "test".to_owned(),
        })
        .await
        .unwrap()
    }

    /// The endpoint for webhooks.
    pub async fn webhooks(&self) -> Router {
        let publisher = FactPublisher::new(&self.connect("clerk").await);
        let configuration: Configuration =
            serde_json::from_value(json!({"webhook_secret": SECRET, "max_body_bytes": MOST_BYTES})).unwrap();
        clerk::inbound(&configuration, publisher, now).unwrap().unwrap().routes
    }

    /// Everything of a stream on these subjects.
    pub async fn stored(&self, stream: &str, filter: &str) -> Vec<Received> {
        let log = Log::new(&self.connect("operator").await);
        log.read(stream, filter, 0).await.unwrap()
    }

    pub async fn organization(&self, id: &str) -> Organization {
        let id = OrganizationId::parse(id).unwrap();
        let subject = AggregateSubject::new::<Organization>(&id, organization::id(&id));
        self.store().await.load(&subject).await.unwrap().state
    }

    pub async fn user(&self, id: &str) -> User {
        let subject = AggregateSubject::new::<User>(&OrganizationId::nobody(), user::id(id));
        self.store().await.load(&subject).await.unwrap().state
    }

    async fn store(&self) -> EventStore {
        EventStore::new(&self.connect("identity").await)
    }

    /// How many files of the server's store have `text` in them.
    pub fn files_with(&self, text: &str) -> usize {
        files_with(self.directory.path(), text.as_bytes())
    }
}

fn files_with(directory: &Path, bytes: &[u8]) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let has = |path: &Path| {
        // A file may be gone: the server compacts.
        std::fs::read(path).is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
    };
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => files_with(&path, bytes),
            path => usize::from(has(&path)),
        })
        .sum()
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}

/// An event as Clerk sends it.
pub fn event(kind: &str, data: &Value) -> String {
    json!({
        "data": data, "object": "event", "type": kind, "timestamp": now().timestamp_millis(), "instance_id": "ins_acme",
        "event_attributes": {"http_request": {"client_ip": "203.0.113.7", "user_agent": "test"}},
    })
    .to_string()
}

/// A request as Clerk signs it now.
pub fn signed(id: &str, body: &str) -> Request<Body> {
    let timestamp = now().timestamp().to_string();
    let secrets = WebhookSecrets::parse(SECRET).unwrap();
    Request::post("/webhooks/clerk")
        .header("content-type", "application/json")
        .header("svix-id", id)
        .header("svix-timestamp", &timestamp)
        .header("svix-signature", secrets.sign(id, &timestamp, body.as_bytes()))
        .header("x-request-id", "request-1")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// What is answered.
pub async fn answer(webhooks: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = webhooks.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Sends an event that has to be taken.
pub async fn send(webhooks: &Router, id: &str, kind: &str, data: &Value) {
    let (status, body) = answer(webhooks, signed(id, &event(kind, data))).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while tokio::time::Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited for {what} in vain");
}
