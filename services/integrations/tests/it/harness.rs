//! A nats-server with the streams and users of the product, and the role on it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use infragpt_connectors::Connector;
use infragpt_events::{
    OrganizationId,
    organization::{self, Member, Organization, OrganizationCommand, Role},
};
use infragpt_integrations::{Integrations, Settings};
use infragpt_local::NatsServer;
use infragpt_nats::{
    AggregateSubject, Cause, Connection, ConnectionConfiguration, Definitions, EventStore, GrantKey, Log, Origin,
    Received,
    definition::{self, SERVER_CONFIGURATION},
    request,
};
use infragpt_vault::KeyRing;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::forge::Forge;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who says what there is to know of an organization.
pub const SAYS: &str = "system:test";

/// The role `integrations`, and who asks it.
pub struct Running {
    pub forge: Arc<Forge>,
    pub log: Log,
    operator: Connection,
    api: Connection,
    server: NatsServer,
    keys: SecretString,
    shutdown: CancellationToken,
    role: JoinHandle<()>,
    directory: TempDir,
}

impl Running {
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("infragpt-it-").tempdir().unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment)
            .await
            .unwrap();
        let admin = connect(&server, "admin").await;
        Definitions::embedded(1).unwrap().apply(&admin).await.unwrap();
        let forge = Arc::new(Forge::default());
        let keys = KeyRing::generate();
        let operator = connect(&server, "operator").await;
        let (shutdown, role) = serve(&server, &keys, vec![Arc::<Forge>::clone(&forge)]).await;
        let running = Self {
            forge,
            log: Log::new(&operator),
            operator,
            api: connect(&server, "api").await,
            server,
            keys,
            shutdown,
            role,
            directory,
        };
        running.serves().await;
        running.maya_is(Role::Admin).await;
        running
    }

    /// What maya may do in acme.
    pub async fn maya_is(&self, role: Role) {
        let member = Member {
            user: "maya".to_owned(),
            role,
            updated_at: now(),
        };
        let membership = "mem_1".to_owned();
        self.is_said(OrganizationCommand::Admit { membership, member }).await;
    }

    /// Something is said of acme.
    pub async fn is_said(&self, command: OrganizationCommand) {
        let acme = OrganizationId::parse("acme").unwrap();
        let subject = AggregateSubject::new::<Organization>(&acme, organization::id(&acme));
        let cause = Cause {
            id: Uuid::now_v7().to_string(),
            correlation: "said".into(),
            actor: SAYS.into(),
            time: now(),
            traceparent: None,
            origin: Origin::default(),
        };
        EventStore::new(&self.connect("handlers").await)
            .execute::<Organization>(&subject, &cause, command)
            .await
            .unwrap();
    }

    /// The role starts again without the connector.
    pub async fn forget_the_forge(&mut self) {
        self.shutdown.cancel();
        (&mut self.role).await.unwrap();
        (self.shutdown, self.role) = serve(&self.server, &self.keys, vec![]).await;
        self.serves().await;
    }

    async fn serves(&self) {
        until("the role to serve", async || self.ask("list", json!({})).await.ok()).await;
    }

    pub async fn connect(&self, user: &str) -> Connection {
        connect(&self.server, user).await
    }

    /// Asks about acme's forge, for maya.
    pub async fn ask(&self, command: &str, more: Value) -> Result<Value, (u16, String)> {
        let request = json!({ "organization": "acme", "connector": "forge", "actor": "user:maya" });
        reply(&self.operator, command, request, &more).await
    }

    /// The state that a new attempt sends somebody away with.
    pub async fn initiate(&self) -> String {
        let started = self.ask("initiate", json!({})).await.unwrap();
        state_of(&started)
    }

    /// Maya comes back.
    pub async fn come_back(&self, state: &str, code: &str, more: Value) -> Result<Value, (u16, String)> {
        let parameters = BTreeMap::from([("state", state), ("code", code)]);
        let request = json!({ "connector": "forge", "parameters": parameters, "actor": "user:maya" });
        reply(&self.api, "authorize", request, &more).await
    }

    pub async fn listed(&self) -> Value {
        self.ask("list", json!({})).await.unwrap()["integrations"][0].clone()
    }

    /// The event at that place.
    pub async fn event_at(&self, position: &Value) -> Received {
        let position = position.as_u64().unwrap();
        let mut events = self.log.read("EVENTS", "events.>", position - 1).await.unwrap();
        assert_eq!(events[0].sequence, position);
        events.remove(0)
    }

    /// The last token of the subject of the event at that place.
    pub async fn name_at(&self, position: &Value) -> String {
        self.event_at(position).await.token(4).unwrap().to_owned()
    }

    /// Ends the role in order, so that all that it noted is written.
    pub async fn stop(self) -> Stopped {
        self.shutdown.cancel();
        self.role.await.unwrap();
        Stopped {
            log: self.log,
            _server: self.server,
            _directory: self.directory,
        }
    }
}

/// What is left of it.
pub struct Stopped {
    pub log: Log,
    _server: NatsServer,
    _directory: TempDir,
}

async fn serve(
    server: &NatsServer,
    keys: &SecretString,
    connectors: Vec<Arc<dyn Connector>>,
) -> (CancellationToken, JoinHandle<()>) {
    let settings = Settings {
        public_url: Url::parse("https://infragpt.example").unwrap(),
        probe_every: Duration::from_hours(1),
        synchronize_every: Duration::from_hours(1),
        clock: now,
    };
    let ring = KeyRing::parse(keys).unwrap();
    let grants = GrantKey::new(&"g".repeat(32).into()).unwrap();
    let role = Integrations::new(
        &connect(server, "integrations").await,
        connectors,
        ring,
        grants,
        settings,
    );
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    (shutdown, tokio::spawn(async move { role.run(stop).await.unwrap() }))
}

async fn connect(server: &NatsServer, user: &str) -> Connection {
    Connection::connect(&ConnectionConfiguration {
        url: server.url(),
        user: user.to_owned(),
        password: password(user).into(),
        name: "test".to_owned(),
    })
    .await
    .unwrap()
}

async fn reply(who: &Connection, command: &str, mut request: Value, more: &Value) -> Result<Value, (u16, String)> {
    let fields = request.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    let subject = format!("integration.v1.{command}");
    who.request(&subject, &request, PATIENCE)
        .await
        .map_err(|error| match error {
            request::Error::Service { code, message } => (code, message),
            request::Error::NoResponders(subject) => (503, subject),
            other => panic!("{other}"),
        })
}

/// The state that an address sends somebody away with.
pub fn state_of(reply: &Value) -> String {
    let url = Url::parse(reply["url"].as_str().unwrap()).unwrap();
    let mut query = url.query_pairs();
    query.find(|(name, _)| name == "state").unwrap().1.into_owned()
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: its role runs by the real clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
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
