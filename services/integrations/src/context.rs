//! What every command works with.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use infragpt_connectors::Connector;
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{Integration, IntegrationCommand, IntegrationEvent, Refusal},
    organization::{self, Organization},
};
use infragpt_nats::{
    Accounts, AggregateSubject, Cause, EventStore, ExecuteError, Executed, GrantKey, Log, Position, ServiceError,
    account, event_store, log,
};
use infragpt_vault::Vault;
use uuid::Uuid;

use crate::{Settings, request::Target, state::Signer, trial::Trials, turn::Turns};

/// What every command works with. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Context(Arc<Parts>);

/// The parts of a [`Context`].
#[derive(Debug)]
pub(crate) struct Parts {
    pub connectors: BTreeMap<ConnectorKind, Arc<dyn Connector>>,
    pub store: EventStore,
    pub log: Log,
    pub accounts: Accounts,
    pub vault: Vault,
    pub signer: Signer,
    pub grants: GrantKey,
    pub turns: Turns,
    pub trials: Trials,
    pub settings: Settings,
}

impl std::ops::Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Context {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.settings.clock)()
    }

    /// What follows from nobody's request: this role looked by itself.
    pub fn own_cause(&self) -> Cause {
        Cause {
            id: Uuid::now_v7().to_string(),
            correlation: Uuid::now_v7().to_string(),
            actor: "system:integrations".to_owned(),
            time: self.now(),
            traceparent: None,
            origin: infragpt_nats::Origin::default(),
        }
    }

    /// The connector of `kind`, or a refusal that names those there are.
    pub fn connector(&self, kind: &str) -> Result<(ConnectorKind, Arc<dyn Connector>), ServiceError> {
        if let Some((kind, connector)) = self.connectors.iter().find(|(known, _)| known.as_str() == kind) {
            return Ok((kind.clone(), Arc::clone(connector)));
        }
        let names: Vec<String> = self.connectors.keys().map(|kind| format!("`{kind}`")).collect();
        let known = if names.is_empty() {
            "no connector is configured".to_owned()
        } else {
            format!("configured are {}", names.join(", "))
        };
        let wanted: String = kind.chars().take(64).collect();
        Err(ServiceError::new(
            400,
            format!("There is no connector `{wanted}`: {known}."),
        ))
    }

    pub async fn load(&self, target: &Target) -> Result<Integration, ServiceError> {
        let loaded = self.store.load::<Integration>(&target.subject).await;
        Ok(loaded.map_err(|error| not_stored(&error))?.state)
    }

    /// The organization; refuses where it was deleted. One that nobody ever told of is an operator's, and can be connected.
    pub async fn check_present(&self, organization: &OrganizationId) -> Result<Organization, ServiceError> {
        let subject = AggregateSubject::new::<Organization>(organization, organization::id(organization));
        let loaded = self.store.load::<Organization>(&subject).await;
        let state = loaded.map_err(|error| not_stored(&error))?.state;
        if state.is_deleted() {
            return Err(ServiceError::new(
                410,
                format!("Organization `{organization}` was deleted, so nothing can be connected for it."),
            ));
        }
        Ok(state)
    }

    /// The place of the last event of a command: `appended`, or where an earlier try of the same command put it.
    pub async fn position(
        &self,
        target: &Target,
        cause: &Cause,
        appended: Option<u64>,
    ) -> Result<Option<u64>, ServiceError> {
        if appended.is_some() {
            return Ok(appended);
        }
        let events = self.log.read("EVENTS", &target.subject.all(), 0).await;
        // A command that is several events has a cause for each, told apart after a `#`.
        let follows = |causation: &str| {
            let rest = causation.strip_prefix(&cause.id);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        };
        let events = events.map_err(|error| not_read(&error))?;
        let ours = events
            .into_iter()
            .rev()
            .find(|event| event.envelope.causation.as_deref().is_some_and(follows));
        Ok(ours.map(|event| event.sequence))
    }

    pub async fn execute(
        &self,
        target: &Target,
        cause: &Cause,
        command: IntegrationCommand,
    ) -> Result<Executed<IntegrationEvent>, ServiceError> {
        self.store
            .execute::<Integration>(&target.subject, cause, command)
            .await
            .map_err(|error| match error {
                ExecuteError::Refused(refusal) => refused(&refusal),
                ExecuteError::Store(error) => not_stored(&error),
            })
    }
}

/// Where in EVENTS that is.
pub(crate) fn sequence(position: Option<Position>) -> Option<u64> {
    position.map(|position| position.sequence)
}

pub(crate) fn refused(refusal: &Refusal) -> ServiceError {
    let code = match refusal {
        Refusal::NotConnected => 404,
        Refusal::OtherAccount { .. } | Refusal::Superseded => 409,
        Refusal::AttemptOfAnother => 403,
        Refusal::AttemptUnknown | Refusal::AttemptUsed | Refusal::AttemptExpired => 410,
    };
    ServiceError::new(code, sentence(&refusal.to_string()))
}

/// The log can't be read or written.
pub(crate) fn not_stored(error: &event_store::Error) -> ServiceError {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "An integration can't be loaded or stored"
    );
    ServiceError::new(503, "The log can't be read or written right now: try again.")
}

/// The log can't be read.
fn not_read(error: &log::Error) -> ServiceError {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "The events of an integration can't be read"
    );
    ServiceError::new(503, "The log can't be read or written right now: try again.")
}

/// The accounts can't be read or written.
pub(crate) fn not_claimed(error: &account::Error) -> ServiceError {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "An account can't be claimed or let go"
    );
    ServiceError::new(503, "The accounts can't be read or written right now: try again.")
}

/// The vault can't be used.
pub(crate) fn not_opened(error: &infragpt_vault::Error) -> ServiceError {
    tracing::error!(error = error as &dyn std::error::Error, "The vault can't be used");
    ServiceError::new(
        503,
        "The credential can't be stored or read right now; the log says why.",
    )
}

/// `text` with a capital at the front and a full stop at the end.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let mut sentence: String = characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}
