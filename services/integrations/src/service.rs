//! The NATS service `integration`.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, integration::Integration};
use infragpt_nats::{Accounts, Call, Connection, EventStore, Service, ServiceError, service};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::account;
use crate::connect::{self, ConnectRequest, Target};

/// Where a connector's account is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountSource {
    /// The connector has credentials and describes their account: `connector.v1.<connector>.describe`.
    Described,
    /// The operator gives the number of the installation.
    Given,
}

/// The commands of the role `integrations`.
#[derive(Debug, Clone)]
pub struct Integrations {
    connection: Connection,
    store: EventStore,
    accounts: Accounts,
    connectors: Arc<BTreeMap<ConnectorKind, AccountSource>>,
    clock: fn() -> DateTime<Utc>,
}

impl Integrations {
    /// The commands with the permissions of `connection`. Only `connectors` can be connected: one that is not
    /// configured is not known.
    pub fn new(
        connection: &Connection,
        connectors: impl IntoIterator<Item = (ConnectorKind, AccountSource)>,
        clock: fn() -> DateTime<Utc>,
    ) -> Self {
        Self {
            connection: connection.clone(),
            store: EventStore::new(connection),
            accounts: Accounts::new(connection),
            connectors: Arc::new(connectors.into_iter().collect()),
            clock,
        }
    }

    /// Serves `integration.v1.connect` until `shutdown`, then finishes what it is doing.
    ///
    /// # Errors
    /// When the service can't be started.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), service::Error> {
        let connection = self.connection.clone();
        Service::new(
            &connection,
            "integration",
            env!("CARGO_PKG_VERSION"),
            "Connects organizations to accounts of Slack, GitHub and other systems",
        )
        .endpoint("integration.v1.connect", move |call| {
            let integrations = self.clone();
            async move { integrations.connect(&call).await }
        })
        .run(shutdown)
        .await
    }

    async fn connect(&self, call: &Call) -> Result<Value, ServiceError> {
        let request: ConnectRequest = call.json()?;
        let (organization, connector) = request.target(self.connectors.keys())?;
        let cause = request.cause((self.clock)(), Uuid::now_v7())?;
        let target = Target::new(organization, &connector);
        let present = self
            .store
            .load::<Integration>(&target.subject)
            .await
            .map_err(|error| connect::not_stored(&error))?
            .state;
        let wanted = match self.connectors.get(&connector) {
            Some(AccountSource::Given) => account::given(&connector, request.account.as_deref(), &present)?,
            Some(AccountSource::Described) | None => {
                account::described(
                    &self.connection,
                    &target.organization,
                    &connector,
                    request.account.as_deref(),
                )
                .await?
            }
        };
        connect::check_free(&present, &wanted)?;
        let connected = connect::connect(&self.store, &self.accounts, &target, wanted, &cause).await?;
        tracing::info!(
            organization.id = %target.organization, integration.id = %connected.integration, appended = connected.appended,
            "Connected {connector} account `{}` to organization `{}`", connected.account.id, target.organization
        );
        serde_json::to_value(&connected).map_err(|error| {
            tracing::error!(%error, "A reply can't be written as JSON");
            ServiceError::new(500, "The account is connected, but the reply could not be written.")
        })
    }
}
