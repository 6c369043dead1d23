//! The NATS services `integration`, `connector` and `connector_tools`, and what this role does by itself.

use std::sync::Arc;

use infragpt_connectors::Connector;
use infragpt_nats::{
    Accounts, Call, Connection, EventStore, GrantKey, Log, Service, ServiceError, Subscription, service, subscription,
};
use infragpt_vault::{KeyRing, Vault};
use serde::{Serialize, de::DeserializeOwned};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    context::{Context, Parts},
    retire::Disconnections,
    state::Signer,
    trial::Trials,
    turn::Turns,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why the role ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A service can't be served.
    #[error(transparent)]
    Service(#[from] service::Error),
    /// The ended connections can't be handled.
    #[error(transparent)]
    Subscription(#[from] subscription::Error),
}

/// The role `integrations`: the vault, and whoever calls external systems.
#[derive(Debug)]
pub struct Integrations {
    connection: Connection,
    context: Context,
}

impl Integrations {
    /// The role with the permissions of `connection`. Only `connectors` can be connected: one that is not configured is
    /// not known. `grants` verifies what agents, and who runs what people approved, may call tools with.
    pub fn new(
        connection: &Connection,
        connectors: Vec<Arc<dyn Connector>>,
        keys: KeyRing,
        grants: GrantKey,
        settings: Settings,
    ) -> Self {
        let parts = Parts {
            connectors: connectors
                .into_iter()
                .map(|connector| (connector.kind(), connector))
                .collect(),
            store: EventStore::new(connection),
            log: Log::new(connection),
            accounts: Accounts::new(connection),
            signer: Signer::new(&keys),
            grants,
            vault: Vault::new(connection, keys, settings.clock),
            turns: Turns::default(),
            trials: Trials::default(),
            settings,
        };
        Self {
            connection: connection.clone(),
            context: Context::new(parts),
        }
    }

    /// Serves until `shutdown`, then finishes what it is doing.
    ///
    /// # Errors
    /// [`Error`] when something can't be served.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let Self { connection, context } = self;
        // The vault's last audit records are written after the last request.
        let vault_stop = CancellationToken::new();
        let vault = tokio::spawn({
            let (context, stop) = (context.clone(), vault_stop.clone());
            async move { context.vault.run(stop).await }
        });
        let mut running: JoinSet<Result<(), Error>> = JoinSet::new();
        let services = [
            commands(&connection, &context),
            operations(&connection, &context),
            tools(&connection, &context),
        ];
        for service in services {
            let stop = shutdown.clone();
            running.spawn(async move { Ok(service.run(stop).await?) });
        }
        let disconnections = Subscription::new(&connection, "EVENTS", "disconnections");
        let (handler, stop) = (Disconnections(context.clone()), shutdown.clone());
        running.spawn(async move { Ok(disconnections.run(handler, stop).await?) });
        let (health, stop) = (context.clone(), shutdown.clone());
        running.spawn(async move {
            health.keep_healthy(stop).await;
            Ok(())
        });
        for connector in context.connectors.values() {
            if let Some(duty) = Arc::clone(connector).duty(Log::new(&connection), shutdown.clone()) {
                running.spawn(async move {
                    duty.await;
                    Ok(())
                });
            }
        }
        let mut outcome = Ok(());
        while let Some(joined) = running.join_next().await {
            let ended = joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            if outcome.is_ok() && ended.is_err() {
                outcome = ended;
                shutdown.cancel();
            }
        }
        vault_stop.cancel();
        if let Err(error) = vault.await {
            tracing::error!(%error, "The vault's last records were not written");
        }
        outcome
    }
}

/// The service `integration`: what administrators and operators ask.
fn commands(connection: &Connection, context: &Context) -> Service {
    let service = Service::new(
        connection,
        "integration",
        VERSION,
        "Connects organizations to accounts of Slack, GitHub and other systems, and keeps their credentials",
    );
    let service = endpoint(service, context, "initiate", |it, request| async move {
        it.initiate(request).await
    });
    let service = endpoint(service, context, "authorize", |it, request| async move {
        it.authorize(request).await
    });
    let service = endpoint(service, context, "connect", |it, request| async move {
        it.connect(request).await
    });
    let service = endpoint(service, context, "disconnect", |it, request| async move {
        it.disconnect(request).await
    });
    let service = endpoint(service, context, "validate", |it, request| async move {
        it.validate(request).await
    });
    let service = endpoint(service, context, "synchronize", |it, request| async move {
        it.synchronize(request).await
    });
    let service = endpoint(
        service,
        context,
        "list",
        |it, request| async move { it.list(request).await },
    );
    let service = endpoint(service, context, "key_status", |it, _: Nothing| async move {
        it.key_status().await
    });
    let context = context.clone();
    service.frames("integration.v1.rotate_keys", move |call, sink| {
        let context = context.clone();
        async move { context.rotate_keys(&call, &sink).await }
    })
}

/// A request that says nothing.
#[derive(serde::Deserialize)]
struct Nothing {}

fn endpoint<Q, R, F>(
    service: Service,
    context: &Context,
    name: &str,
    handle: impl Fn(Context, Q) -> F + Copy + Send + Sync + 'static,
) -> Service
where
    Q: DeserializeOwned + Send,
    R: Serialize,
    F: Future<Output = Result<R, ServiceError>> + Send + 'static,
{
    let context = context.clone();
    service.endpoint(format!("integration.v1.{name}"), move |call: Call| {
        let context = context.clone();
        async move {
            let reply = handle(context, call.json()?).await?;
            serde_json::to_value(&reply).map_err(|error| {
                tracing::error!(%error, "A reply can't be written as JSON");
                ServiceError::new(500, "It is done, but the reply could not be written.")
            })
        }
    })
}

/// The service `connector`: what connectors do for other roles.
fn operations(connection: &Connection, context: &Context) -> Service {
    let mut service = Service::new(
        connection,
        "connector",
        VERSION,
        "Operations on connected systems, with the credential of the organization that is named",
    );
    for (kind, connector) in &context.connectors {
        for operation in Arc::clone(connector).operations(context.vault.clone()) {
            let (context, kind) = (context.clone(), kind.clone());
            let subject = format!("connector.v1.{kind}.{}", operation.name);
            service = service.endpoint(subject, move |call| {
                let (context, kind, operation) = (context.clone(), kind.clone(), operation.clone());
                async move { context.operate(kind, operation, call).await }
            });
        }
    }
    service
}

/// The service `connector_tools`: what connectors do with a grant.
fn tools(connection: &Connection, context: &Context) -> Service {
    let mut service = Service::new(
        connection,
        "connector_tools",
        VERSION,
        "Does in connected systems what a grant allows, for an organization; what changes something once somebody approved it",
    );
    for (kind, connector) in &context.connectors {
        for tool in Arc::clone(connector).tools(context.vault.clone()) {
            let (context, kind) = (context.clone(), kind.clone());
            let subject = format!("tool.v1.{kind}.{}", tool.name);
            service = service.endpoint(subject, move |call| {
                let (context, kind, tool) = (context.clone(), kind.clone(), tool.clone());
                async move { context.perform(kind, &tool, &call).await }
            });
        }
    }
    service
}
