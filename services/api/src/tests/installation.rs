//! An API on servers of its own.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use chrono::{DateTime, Utc};
use infragpt_events::ConnectorKind;
use infragpt_identity::{Configuration, Identity, Sessions};
use infragpt_local::{NatsServer, Postgres, PostgresOptions};
use infragpt_nats::{
    Connection, ConnectionConfiguration, Definitions, Log,
    definition::{self, SERVER_CONFIGURATION},
};
use infragpt_projections::{self as projections, Batch, PgPool, Projector, wall::Wall};
use infragpt_sandbox::{ClerkInstance, Sandbox};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use url::Url;

use super::{answer::Answer, log::Events};
use crate::{Readiness, authorization, layered, router, v1};

/// Where the API is, for browsers.
pub const ORIGIN: &str = "https://infragpt.test";
/// Where somebody else's page is that may call it.
pub const FRIEND: &str = "https://app.test";

static HOUR: LazyLock<Duration> = LazyLock::new(|| Duration::from_hours(1));

/// What can be different about an API.
pub struct Options {
    pub rate_per_minute: u32,
    pub rate_burst: u32,
    pub connectors: Vec<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate_per_minute: 600,
            rate_burst: 10_000,
            connectors: vec!["slack", "github"],
        }
    }
}

/// An API on servers of its own.
pub struct Installation {
    pub router: Router,
    pub sandbox: Sandbox,
    nats: NatsServer,
    database: PgPool,
    shutdown: CancellationToken,
    _postgres: Postgres,
    _directory: TempDir,
}

impl Installation {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Self {
        let directory = tempfile::Builder::new().prefix("infragpt-api-").tempdir().unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let (nats, postgres) = tokio::join!(
            NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment),
            Postgres::start(PostgresOptions {
                data_directory: directory.path().join("postgres"),
                port: None,
                log: directory.path().join("postgres.log"),
            })
        );
        let (nats, postgres) = (nats.unwrap(), postgres.unwrap());
        let url = postgres.url_of("read_models");
        projections::create_database(&url).await.unwrap();
        let database = projections::connect(&url, "api test").unwrap();
        projections::migrate(&database).await.unwrap();
        Definitions::embedded(1)
            .unwrap()
            .apply(&connect(&nats, "admin").await)
            .await
            .unwrap();
        let sandbox = sandbox().await;
        let connection = connect(&nats, "api").await;
        let sessions = sessions(&sandbox);
        let settings = v1::Settings::read(
            &Url::parse(ORIGIN).unwrap(),
            FRIEND,
            options.rate_per_minute,
            options.rate_burst,
            "",
        );
        let kinds = options
            .connectors
            .into_iter()
            .map(|name| ConnectorKind::parse(name).unwrap());
        let settings = settings.unwrap().with_connectors(kinds);
        let pages = authorization::routes(connection.clone(), Some(sessions.clone()), settings.proxies().clone());
        let api = v1::routes(v1::Parts {
            wall: Wall::connect(&url).unwrap(),
            sessions,
            connection,
            settings,
            clock: now,
        });
        Self {
            router: layered(router(Readiness::new()).merge(pages).merge(api)),
            sandbox,
            nats,
            database,
            shutdown: CancellationToken::new(),
            _postgres: postgres,
            _directory: directory,
        }
    }

    /// A connection as one of the product's users.
    pub async fn connect(&self, user: &str) -> Connection {
        connect(&self.nats, user).await
    }

    /// Writes events into the tables as the projector would.
    pub async fn apply(&self, events: Events) {
        let mut transaction = self.database.begin().await.unwrap();
        Batch::decode(events.received).apply(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// The roles `projections` and `identity`, until the installation is dropped.
    pub async fn start_roles(&self) {
        let (projector, database, stop) = (
            self.connect("projections").await,
            self.database.clone(),
            self.shutdown.clone(),
        );
        tokio::spawn(async move { Projector::run(projector, database, stop).await.unwrap() });
        let (identity, stop) = (
            Identity::new(&self.connect("identity").await, now),
            self.shutdown.clone(),
        );
        tokio::spawn(async move { identity.run(stop).await.unwrap() });
    }

    /// What the log holds under a subject.
    pub async fn stored(&self, subject: &str) -> Vec<infragpt_nats::Received> {
        Log::new(&self.connect("operator").await)
            .read("EVENTS", subject, 0)
            .await
            .unwrap()
    }

    pub fn token(&self, user: &str, organization: Option<&str>) -> String {
        self.sandbox.session_token(user, organization, *HOUR).unwrap()
    }

    /// Sends a request that already says who sends it.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Somebody who calls the API.
    pub fn maya(&self) -> Caller<'_> {
        self.caller("user_maya", "acme")
    }

    pub fn caller(&self, user: &str, organization: &str) -> Caller<'_> {
        Caller {
            token: self.token(user, Some(organization)),
            installation: self,
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Somebody with a session.
pub struct Caller<'a> {
    installation: &'a Installation,
    pub token: String,
}

impl Caller<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, path, headers, None).await
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = request(method, path).header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.installation.send(request.body(body).unwrap()).await
    }
}

/// A request to a path below `/api/v1`.
pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(format!("/api/v1{path}"))
}

/// Asks again until `look` finds something.
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

async fn connect(nats: &NatsServer, user: &str) -> Connection {
    let configuration = ConnectionConfiguration {
        url: nats.url(),
        user: user.to_owned(),
        password: password(user).into(),
        name: "test".to_owned(),
    };
    Connection::connect(&configuration).await.unwrap()
}

async fn sandbox() -> Sandbox {
    let mut configuration = infragpt_sandbox::Configuration {
        clerk: ClerkInstance::with_organization("acme"),
        ..infragpt_sandbox::Configuration::default()
    };
    configuration.clerk.app_origins = vec![FRIEND.to_owned()];
    Sandbox::start(configuration).await.unwrap()
}

fn sessions(sandbox: &Sandbox) -> Sessions {
    let configuration: Configuration = serde_json::from_value(json!({
        "issuer": sandbox.clerk_issuer(), "authorized_parties": FRIEND, "max_body_bytes": 1000,
    }))
    .unwrap();
    Sessions::new(&configuration, now).unwrap()
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: sessions are signed by the real clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
