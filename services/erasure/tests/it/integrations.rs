//! The role `integrations`, as far as erasing asks it: it lists connections, ends them, and lets accounts go.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{self, Account, Authorized, Integration, IntegrationCommand},
};
use infragpt_nats::{Accounts, AggregateSubject, Call, Claim, Connection, EventStore, Service, ServiceError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::cause;

/// The role, as far as erasing asks it.
#[derive(Clone)]
pub struct Fake(Arc<Parts>);

struct Parts {
    store: EventStore,
    accounts: Accounts,
    connectors: Vec<ConnectorKind>,
    /// How often a provider does not confirm yet.
    pub unconfirmed: AtomicI64,
    asked: Mutex<Vec<Value>>,
    requests: AtomicU32,
}

impl Fake {
    pub fn new(connection: &Connection) -> Self {
        Self(Arc::new(Parts {
            store: EventStore::new(connection),
            accounts: Accounts::new(connection),
            connectors: ["slack", "github"].map(|kind| kind.parse().unwrap()).to_vec(),
            unconfirmed: AtomicI64::new(0),
            asked: Mutex::default(),
            requests: AtomicU32::new(0),
        }))
    }

    /// Slack and GitHub do not confirm that often.
    pub fn unconfirmed(&self, times: i64) {
        self.0.unconfirmed.store(times, Ordering::Relaxed);
    }

    /// What it was asked to disconnect, in order.
    pub fn asked(&self) -> Vec<Value> {
        self.0.asked.lock().unwrap().clone()
    }

    /// Serves until `stop`.
    pub async fn run(self, connection: Connection, stop: CancellationToken) {
        let (listing, ending) = (self.clone(), self);
        Service::new(&connection, "integration", "0.1.0", "A stand-in")
            .endpoint("integration.v1.list", move |call| {
                let fake = listing.clone();
                async move { fake.list(&call).await }
            })
            .endpoint("integration.v1.disconnect", move |call| {
                let fake = ending.clone();
                async move { fake.disconnect(&call).await }
            })
            .run(stop)
            .await
            .unwrap();
    }

    /// Connects an account, as an authorization does.
    pub async fn connect(&self, organization: &str, connector: &str, account: &str) {
        let organization = OrganizationId::parse(organization).unwrap();
        let connector = ConnectorKind::parse(connector).unwrap();
        let claim = Claim::new(organization.clone(), integration::id(&organization, &connector));
        self.0.accounts.claim(&connector, account, &claim).await.unwrap();
        let authorized = Authorized {
            connector: connector.clone(),
            account: Account {
                id: account.to_owned(),
                name: format!("canary-{organization}-account"),
            },
            bot_user: None,
            scopes: vec![],
            attempt: None,
            credential: None,
            allowed_at: None,
        };
        self.execute(&organization, &connector, IntegrationCommand::Authorize(authorized))
            .await;
    }

    async fn execute(&self, organization: &OrganizationId, connector: &ConnectorKind, command: IntegrationCommand) {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let cause = cause(&format!("{organization}-{connector}-{number}"));
        let subject = subject(organization, connector);
        let executed = self.0.store.execute::<Integration>(&subject, &cause, command).await;
        executed.unwrap();
    }

    /// Ends a connection.
    pub async fn end(&self, organization: &str, connector: &str) {
        let request = json!({ "organization": organization, "connector": connector });
        self.end_now(&request).await.unwrap();
    }

    async fn list(&self, call: &Call) -> Result<Value, ServiceError> {
        let request: Value = call.json()?;
        let organization: OrganizationId = serde_json::from_value(request["organization"].clone()).unwrap();
        let mut integrations = Vec::new();
        for connector in &self.0.connectors {
            let state = self.load(&organization, connector).await;
            let account = state.ever_connected().map(|connected| connected.account.clone());
            integrations.push(json!({ "connector": connector, "account": account, "state": "whatever" }));
        }
        Ok(json!({ "integrations": integrations }))
    }

    async fn load(&self, organization: &OrganizationId, connector: &ConnectorKind) -> Integration {
        let subject = subject(organization, connector);
        self.0.store.load::<Integration>(&subject).await.unwrap().state
    }

    async fn disconnect(&self, call: &Call) -> Result<Value, ServiceError> {
        let request: Value = call.json()?;
        self.0.asked.lock().unwrap().push(request.clone());
        let force = request["force"].as_bool().unwrap();
        let is_configured = self
            .0
            .connectors
            .iter()
            .any(|kind| request["connector"] == kind.as_str());
        if !is_configured && !force {
            return Err(ServiceError::new(400, "There is no such connector."));
        }
        if !force && self.0.unconfirmed.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(json!({ "state": "disconnected", "remaining": "The provider has not confirmed." }));
        }
        self.end_now(&request).await
    }

    async fn end_now(&self, request: &Value) -> Result<Value, ServiceError> {
        let organization: OrganizationId = serde_json::from_value(request["organization"].clone()).unwrap();
        let connector: ConnectorKind = serde_json::from_value(request["connector"].clone()).unwrap();
        let state = self.load(&organization, &connector).await;
        let Some(connected) = state.ever_connected() else {
            return Err(ServiceError::new(404, "It is not connected."));
        };
        let reason = "enough".to_owned();
        self.execute(&organization, &connector, IntegrationCommand::Disconnect { reason })
            .await;
        let held = self
            .0
            .accounts
            .find_now(&connector, &connected.account.id)
            .await
            .unwrap();
        if let Some(held) = held.filter(|held| held.claim.organization == organization) {
            self.0.accounts.release(&held).await.unwrap();
        }
        Ok(json!({ "state": "disconnected", "remaining": null }))
    }
}

fn subject(organization: &OrganizationId, connector: &ConnectorKind) -> AggregateSubject {
    AggregateSubject::new::<Integration>(organization, integration::id(organization, connector))
}
