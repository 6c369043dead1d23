//! The vault itself: what all of it works with.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use infragpt_events::{audit::AuditedAction, credential};
use infragpt_nats::{AggregateSubject, AuditLog, Cause, Connection, CredentialKeys, EventStore, Note};
use tokio_util::task::TaskTracker;

use crate::{Error, KeyRing, Owner, Purpose, Reader, cache::Cache, flight::Flights};

/// The vault. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Vault(pub(crate) Arc<Parts>);

/// The parts of a [`Vault`].
pub(crate) struct Parts {
    pub connection: Connection,
    pub store: EventStore,
    pub data_keys: CredentialKeys,
    pub keys: KeyRing,
    pub clock: fn() -> DateTime<Utc>,
    pub cache: Cache,
    pub flights: Flights,
    /// Refreshes on their way, which the end of the process waits for.
    pub tasks: TaskTracker,
    pub audit: AuditLog,
}

impl Vault {
    /// The vault with the permissions of `connection`'s role. [`run`](Self::run) has to run beside it: without, nothing
    /// is recorded for the audit, and what other copies shred is remembered for up to ten seconds.
    pub fn new(connection: &Connection, keys: KeyRing, clock: fn() -> DateTime<Utc>) -> Self {
        Self(Arc::new(Parts {
            connection: connection.clone(),
            store: EventStore::new(connection),
            data_keys: CredentialKeys::new(connection),
            keys,
            clock,
            cache: Cache::default(),
            flights: Flights::default(),
            tasks: TaskTracker::new(),
            audit: AuditLog::new(connection, clock),
        }))
    }

    /// The audit log that it writes to, for what else this role has to record.
    pub fn audit(&self) -> &AuditLog {
        &self.0.audit
    }

    /// Forgets what is remembered of an owner: the next call reads the log.
    pub fn invalidate(&self, owner: &Owner) {
        self.0.cache.forget(owner.integration);
    }

    /// Notes that a credential was opened, or was not.
    pub(crate) fn note(&self, owner: &Owner, purpose: Purpose, reader: &Reader, refused: Option<&Error>) {
        let refused = refused.map(ToString::to_string);
        self.add_note(AuditedAction::CredentialRead, owner, Some(purpose), reader, refused);
    }

    /// Notes that a credential was changed, or why it was not. Its own event is where only the vault may read.
    pub(crate) fn note_change(&self, action: AuditedAction, owner: &Owner, by: &Reader, refused: Option<String>) {
        self.add_note(action, owner, None, by, refused);
    }

    fn add_note(
        &self,
        action: AuditedAction,
        owner: &Owner,
        purpose: Option<Purpose>,
        by: &Reader,
        refused: Option<String>,
    ) {
        self.0.audit.note(Note {
            organization: owner.organization.clone(),
            action,
            connector: Some(owner.connector.clone()),
            integration: Some(owner.integration),
            purpose: purpose.map(|purpose| purpose.as_str().into()),
            refused,
            actor: by.actor.clone(),
            correlation: by.correlation.clone(),
            origin: by.origin.clone(),
        });
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Vault")
            .field("keys", &self.0.keys)
            .finish_non_exhaustive()
    }
}

/// The subjects of an owner's credential.
pub(crate) fn subject(owner: &Owner) -> AggregateSubject {
    AggregateSubject::new::<credential::Credential>(&owner.organization, owner.integration)
}

/// `cause` for one of several events that follow from it. The identifier of an event derives from its cause's and its
/// name, and the log takes an identifier once: without `what`, the second of two generations would never be shredded.
pub(crate) fn following(cause: &Cause, what: impl fmt::Display) -> Cause {
    Cause {
        id: format!("{}#{what}", cause.id),
        ..cause.clone()
    }
}
