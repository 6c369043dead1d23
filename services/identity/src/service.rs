//! The NATS services `organization` and `audit`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use infragpt_nats::{AuditLog, Call, Connection, EventStore, Service, ServiceError, service};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why the role ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A service can't be served.
    #[error(transparent)]
    Service(#[from] service::Error),
}

/// The role `identity`: what is said about organizations here, and what somebody was refused.
#[derive(Debug)]
pub struct Identity {
    connection: Connection,
    context: Context,
}

/// What every request works with. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Context(Arc<Parts>);

/// The parts of a [`Context`].
#[derive(Debug)]
pub(crate) struct Parts {
    pub store: EventStore,
    pub audit: AuditLog,
    clock: fn() -> DateTime<Utc>,
}

impl std::ops::Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Context {
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

impl Identity {
    /// The role with the permissions of `connection`.
    pub fn new(connection: &Connection, clock: fn() -> DateTime<Utc>) -> Self {
        let parts = Parts {
            store: EventStore::new(connection),
            audit: AuditLog::new(connection, clock),
            clock,
        };
        Self {
            connection: connection.clone(),
            context: Context(Arc::new(parts)),
        }
    }

    /// Serves until `shutdown`, then finishes what it is doing and writes what it noted.
    ///
    /// # Errors
    /// [`Error`] when something can't be served.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let Self { connection, context } = self;
        // What is noted by the last request is written after it.
        let audit_stop = CancellationToken::new();
        let audit = tokio::spawn({
            let (context, stop) = (context.clone(), audit_stop.clone());
            async move { context.audit.run(stop).await }
        });
        let organizations = organizations(&connection, &context).run(shutdown.clone());
        let audits = audits(&connection, &context).run(shutdown.clone());
        let outcome = tokio::try_join!(organizations, audits);
        audit_stop.cancel();
        if let Err(error) = audit.await {
            tracing::error!(%error, "The last refusals were not written");
        }
        outcome?;
        Ok(())
    }
}

/// The service `organization`: what administrators say about theirs.
fn organizations(connection: &Connection, context: &Context) -> Service {
    let service = Service::new(
        connection,
        "organization",
        VERSION,
        "What organizations say about themselves",
    );
    let (profile, rules, set_rules) = (context.clone(), context.clone(), context.clone());
    service
        .endpoint("organization.v1.set_profile", move |call: Call| {
            let context = profile.clone();
            async move { written(&context.set_profile(call.json()?).await?) }
        })
        .endpoint("organization.v1.rules", move |call: Call| {
            let context = rules.clone();
            async move { written(&context.rules(call.json()?).await?) }
        })
        .endpoint("organization.v1.set_rules", move |call: Call| {
            let context = set_rules.clone();
            async move { written(&context.set_rules(call.json()?).await?) }
        })
}

/// The service `audit`: what has to be known later and changes nothing.
fn audits(connection: &Connection, context: &Context) -> Service {
    let service = Service::new(
        connection,
        "audit",
        VERSION,
        "Remembers who asked for what they may not do, and what operators do by hand",
    );
    let (refused, operated) = (context.clone(), context.clone());
    service
        .endpoint("audit.v1.refused", move |call: Call| {
            let context = refused.clone();
            async move { written(&context.refused(call.json()?)?) }
        })
        .endpoint("audit.v1.operated", move |call: Call| {
            let context = operated.clone();
            async move { written(&context.operated(call.json()?).await?) }
        })
}

fn written(reply: &impl Serialize) -> Result<Value, ServiceError> {
    serde_json::to_value(reply).map_err(|error| {
        tracing::error!(%error, "A reply can't be written as JSON");
        ServiceError::new(500, "It is done, but the reply could not be written.")
    })
}
