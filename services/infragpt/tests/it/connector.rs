//! A connector that exists here alone: it needs no line anywhere else to be connected, tried, refreshed, asked and ended.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use infragpt::configuration::NatsUser;
use infragpt_connectors::{
    Authorization, Begin, Completion, Condition, Connector, Failure, Inbound, Listing, Operation, Returned,
};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{Account, Connected, Resource, ResourceKind},
    organization::{self, Member, Organization, OrganizationCommand, Role},
};
use infragpt_integrations::{Integrations, Settings};
use infragpt_nats::{AggregateSubject, Cause, Connection, EventStore, FactPublisher, GrantKey, Log, request};
use infragpt_vault::{Credential, KeyRing, Owner, Purpose, Reader, Secret, Vault};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::harness::{Nats, state_of, until};

/// What the clock is ahead, in seconds. Every test of this file shares it, so none sets it back.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn clock() -> DateTime<Utc> {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    DateTime::from_timestamp_millis(i64::try_from(since_epoch.as_millis()).unwrap()).unwrap()
        + TimeDelta::seconds(AHEAD.load(Ordering::Relaxed))
}

/// A forge that believes the code `good`.
#[derive(Debug, Default)]
struct Forge {
    condition: Mutex<Option<Condition>>,
    refreshed: AtomicUsize,
    revoked: AtomicUsize,
}

fn kind() -> ConnectorKind {
    ConnectorKind::parse("forge").unwrap()
}

#[async_trait::async_trait]
impl Connector for Forge {
    fn kind(&self) -> ConnectorKind {
        kind()
    }

    fn begin(&self, begin: &Begin) -> Result<Url, Failure> {
        let mut url = Url::parse("https://forge.example/allow").unwrap();
        url.query_pairs_mut().append_pair("back", begin.redirect_base.as_str());
        Ok(url)
    }

    async fn complete(&self, returned: &Returned) -> Result<Completion, Failure> {
        let Returned::Redirect { parameters, .. } = returned else {
            return Err(Failure::NotConfigured("only through the page".into()));
        };
        match parameters.get("code").map(String::as_str) {
            Some("good") => Ok(Completion::Authorized(Box::new(Authorization {
                account: Account {
                    id: "F1".into(),
                    name: "The Forge".into(),
                },
                bot_user: None,
                scopes: vec!["read".into()],
                credential: Some(Credential {
                    secret: Secret::new(b"first".to_vec()),
                    expires_at: Some(clock() + TimeDelta::hours(1)),
                }),
            }))),
            Some("again") => Ok(Completion::Redirect {
                url: Url::parse("https://forge.example/prove?x=1").unwrap(),
                account: Some("F1".into()),
            }),
            _ => Err(Failure::Denied("nobody allowed it".into())),
        }
    }

    async fn validate(&self, _: &Connected, secret: Option<&Secret>) -> Result<Condition, Failure> {
        assert!(secret.is_some(), "the credential is there");
        let condition = self.condition.lock().unwrap().clone();
        Ok(condition.unwrap_or(Condition::Working {
            scopes: Some(vec!["read".into()]),
        }))
    }

    async fn refresh(&self, secret: &Secret) -> Result<Credential, Failure> {
        assert_ne!(secret.expose(), b"");
        self.refreshed.fetch_add(1, Ordering::Relaxed);
        Ok(Credential {
            secret: Secret::new(b"second".to_vec()),
            expires_at: Some(clock() + TimeDelta::hours(1)),
        })
    }

    async fn revoke(&self, _: &Connected, secret: Option<&Secret>) -> Result<(), Failure> {
        assert!(secret.is_some(), "what is ended is there");
        self.revoked.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn synchronize(&self, _: &Connected, _: Option<&Secret>) -> Result<Vec<Listing>, Failure> {
        let resource = |id: &str| Resource {
            kind: ResourceKind::Repository,
            id: id.into(),
            name: format!("forge/{id}"),
            url: None,
            private: false,
        };
        Ok(vec![Listing {
            kind: ResourceKind::Repository,
            resources: vec![resource("1"), resource("2")],
        }])
    }

    fn subscribe(&self, _: FactPublisher, _: CancellationToken) -> Inbound {
        Inbound::default()
    }

    fn operations(self: Arc<Self>, vault: Vault) -> Vec<Operation> {
        let run = move |call: infragpt_nats::Call| -> infragpt_connectors::BoxFuture<_> {
            let (vault, forge) = (vault.clone(), Arc::clone(&self));
            Box::pin(async move {
                let request: Value = call.json()?;
                let organization = request["organization"].as_str().unwrap().parse().unwrap();
                let reader = Reader {
                    actor: "role:test".into(),
                    correlation: None,
                    origin: infragpt_nats::Origin::default(),
                };
                let refresh = move |secret: Secret| async move { Ok(forge.refresh(&secret).await?) };
                let owner = Owner::new(organization, kind());
                let opened = vault.fresh(&owner, Purpose::Post, &reader, refresh).await.unwrap();
                Ok(json!({ "length": opened.credential.expose().len() }))
            })
        };
        vec![Operation {
            name: "post",
            description: "Says how long the credential is",
            run: Arc::new(run),
        }]
    }
}

/// The role `integrations` with this one connector.
struct Running {
    nats: Nats,
    forge: Arc<Forge>,
    operator: Connection,
    keys: secrecy::SecretString,
    shutdown: CancellationToken,
    role: JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let nats = Nats::start().await;
        let forge = Arc::new(Forge::default());
        let keys = KeyRing::generate();
        let connection = nats.connect(NatsUser::Integrations).await;
        let settings = Settings {
            public_url: Url::parse("https://infragpt.example").unwrap(),
            probe_every: Duration::from_hours(1),
            synchronize_every: Duration::from_hours(1),
            clock,
        };
        let ring = KeyRing::parse(&keys).unwrap();
        let connectors: Vec<Arc<dyn Connector>> = vec![Arc::<Forge>::clone(&forge)];
        let grants = GrantKey::new(&"g".repeat(32).into()).unwrap();
        let role = Integrations::new(&connection, connectors, ring, grants, settings);
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let role = tokio::spawn(async move { role.run(stop).await.unwrap() });
        let operator = nats.connect(NatsUser::Operator).await;
        let running = Self {
            nats,
            forge,
            operator,
            keys,
            shutdown,
            role,
        };
        until("the role to serve", async || running.ask("list", json!({})).await.ok()).await;
        running.maya_administers_acme().await;
        running
    }

    async fn maya_administers_acme(&self) {
        let acme = OrganizationId::parse("acme").unwrap();
        let subject = AggregateSubject::new::<Organization>(&acme, organization::id(&acme));
        let member = Member {
            user: "maya".into(),
            role: Role::Admin,
            updated_at: clock(),
        };
        let membership = "mem_1".into();
        let cause = Cause {
            id: "said".into(),
            correlation: "said".into(),
            actor: "clerk".into(),
            time: clock(),
            traceparent: None,
            origin: infragpt_nats::Origin::default(),
        };
        EventStore::new(&self.nats.connect(NatsUser::Handlers).await)
            .execute::<Organization>(&subject, &cause, OrganizationCommand::Admit { membership, member })
            .await
            .unwrap();
    }

    async fn ask(&self, command: &str, more: Value) -> Result<Value, request::Error> {
        let mut request = json!({ "organization": "acme", "connector": "forge", "actor": "user:maya" });
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let subject = format!("integration.v1.{command}");
        self.operator.request(&subject, &request, Duration::from_secs(10)).await
    }

    /// The state that a new attempt sends somebody away with.
    async fn initiate(&self) -> String {
        let started = self.ask("initiate", json!({})).await.unwrap();
        state_of(started["url"].as_str().unwrap())
    }

    async fn come_back(&self, state: &str, code: &str, who: &str) -> Result<Value, (u16, String)> {
        let api = self.nats.connect(NatsUser::Api).await;
        let parameters = BTreeMap::from([("state", state), ("code", code)]);
        let request = json!({ "connector": "forge", "parameters": parameters, "actor": who });
        api.request("integration.v1.authorize", &request, Duration::from_secs(10))
            .await
            .map_err(|error| match error {
                request::Error::Service { code, message } => (code, message),
                other => panic!("{other}"),
            })
    }

    async fn listed(&self) -> Value {
        self.ask("list", json!({})).await.unwrap()["integrations"][0].clone()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.role.await.unwrap();
    }
}

#[tokio::test]
async fn a_connector_that_nobody_knows_lives_its_whole_life() {
    let running = Running::start().await;
    assert_eq!(running.listed().await["state"], "not_started");
    let state = running.initiate().await;
    assert_eq!(running.listed().await["state"], "pending");
    let connected = running.come_back(&state, "good", "user:maya").await.unwrap();
    assert_eq!(
        (&connected["outcome"], &connected["account"]["name"]),
        (&json!("connected"), &json!("The Forge"))
    );
    let listed = running.listed().await;
    assert_eq!((&listed["state"], &listed["resources"]), (&json!("active"), &json!(2)));

    // It is asked with its credential, which is exchanged when it is about to expire.
    let conversations = running.nats.connect(NatsUser::Conversations).await;
    let post = async || -> Value {
        let request = json!({ "organization": "acme" });
        let asked = conversations
            .request("connector.v1.forge.post", &request, Duration::from_secs(10))
            .await;
        asked.unwrap()
    };
    assert_eq!(post().await["length"], "first".len());
    AHEAD.fetch_add(3_500, Ordering::Relaxed);
    assert_eq!(post().await["length"], "second".len());
    assert_eq!(running.forge.refreshed.load(Ordering::Relaxed), 1);

    // What it says of itself becomes its state.
    for (condition, expected) in [
        (Some(Condition::Broken("the forge is cold".into())), "degraded"),
        (None, "active"),
        (Some(Condition::Suspended("unpaid".into())), "suspended"),
        (None, "active"),
    ] {
        *running.forge.condition.lock().unwrap() = condition;
        let validated = running.ask("validate", json!({})).await.unwrap();
        assert_eq!(validated["state"], expected, "{validated}");
    }
    let synchronized = running.ask("synchronize", json!({})).await.unwrap();
    assert_eq!(synchronized["resources"], 2);

    let ended = running.ask("disconnect", json!({ "reason": "enough" })).await.unwrap();
    assert_eq!(
        (&ended["state"], &ended["remaining"]),
        (&json!("disconnected"), &Value::Null)
    );
    assert_eq!(running.forge.revoked.load(Ordering::Relaxed), 1);
    let listed = running.listed().await;
    assert_eq!(
        (&listed["state"], &listed["reason"]),
        (&json!("disconnected"), &json!("enough"))
    );
    let log = Log::new(&running.operator);
    assert_eq!(log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages, 0);

    // Connected again it is the same integration, and what it gets is new.
    let state = running.initiate().await;
    running.come_back(&state, "good", "user:maya").await.unwrap();
    let anew = running.listed().await;
    assert_eq!(
        (&anew["state"], &anew["integration"]),
        (&json!("active"), &listed["integration"])
    );
    assert_eq!(post().await["length"], "first".len());
    running.stop().await;
}

#[tokio::test]
async fn a_state_is_good_for_who_started_once_and_for_ten_minutes() {
    let running = Running::start().await;
    let refused = async |state: &str, who: &str| running.come_back(state, "good", who).await.unwrap_err();
    let state = running.initiate().await;
    assert_eq!(refused(&state, "user:eve").await.0, 403, "somebody else's");
    assert_eq!(refused(&state, "").await.0, 403, "nobody's");
    // Two returns at once: one is served.
    let (one, two) = tokio::join!(
        running.come_back(&state, "good", "user:maya"),
        running.come_back(&state, "good", "user:maya")
    );
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    assert_eq!(refused(&state, "user:maya").await.0, 410, "used");
    let late = running.initiate().await;
    AHEAD.fetch_add(600, Ordering::Relaxed);
    assert_eq!(refused(&late, "user:maya").await.0, 410, "late");

    // A journey of two legs; each is used once, and the second can't be taken first.
    let first = running.initiate().await;
    let sent_on = running.come_back(&first, "again", "user:maya").await.unwrap();
    assert_eq!(sent_on["outcome"], "redirect");
    let url = sent_on["url"].as_str().unwrap();
    assert!(url.starts_with("https://forge.example/prove?x=1&state="), "{url}");
    let second = state_of(url);
    assert_eq!(refused(&first, "user:maya").await.0, 410);
    running.come_back(&second, "good", "user:maya").await.unwrap();
    assert_eq!(refused(&second, "user:maya").await.0, 410);

    // What the person refuses is read where everything else is read.
    let denied = running.initiate().await;
    let (code, message) = running.come_back(&denied, "", "user:maya").await.unwrap_err();
    assert_eq!((code, message.as_str()), (403, "Nobody allowed it."));
    assert_eq!(running.listed().await["last_failure"], "Nobody allowed it.");
    running.stop().await;
}

/// What another copy of the role shreds, this one forgets at once.
#[tokio::test]
async fn a_second_vault_forgets_what_the_first_one_shredded() {
    let running = Running::start().await;
    let state = running.initiate().await;
    running.come_back(&state, "good", "user:maya").await.unwrap();
    let connection = running.nats.connect(NatsUser::Integrations).await;
    let second = Vault::new(&connection, KeyRing::parse(&running.keys).unwrap(), clock);
    let stop = CancellationToken::new();
    let listening = tokio::spawn({
        let (second, stop) = (second.clone(), stop.clone());
        async move { second.run(stop).await }
    });
    let owner = Owner::new("acme".parse().unwrap(), kind());
    let reader = Reader {
        actor: "operator:test".into(),
        correlation: None,
        origin: infragpt_nats::Origin::default(),
    };
    second.read(&owner, Purpose::Read, &reader).await.unwrap();
    running.ask("disconnect", json!({})).await.unwrap();
    until("the second vault to forget", async || {
        second.read(&owner, Purpose::Read, &reader).await.err()
    })
    .await;
    stop.cancel();
    listening.await.unwrap();
    running.stop().await;
}
