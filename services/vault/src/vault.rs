//! x

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use infragpt_events::OrganizationId;
use infragpt_nats::{Cause, Connection};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{AuditLog, Credential, Error, KeyRing, Opened, Owner, Purpose, Reader, RefreshError, Secret};

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Data keys that were looked at.
    pub done: usize,
    /// Data keys in all.
    pub total: usize,
}

/// A data key that no configured key opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostKey {
    /// Whose credential it seals.
    pub organization: OrganizationId,
    /// Of which integration.
    pub integration: Uuid,
    /// The credential's generation.
    pub generation: u32,
    /// The identifier of the key that it is wrapped under, if that can be told.
    pub key: Option<String>,
}

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// Data keys that are wrapped under the current key now.
    pub rewrapped: usize,
    /// Data keys that were before.
    pub already: usize,
    /// Data keys that no configured key opens.
    pub lost: Vec<LostKey>,
}

/// What the data keys are wrapped under.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeyStatus {
    /// The identifier of the current key.
    pub current: String,
    /// The identifiers of all configured keys, the current one first.
    pub configured: Vec<String>,
    /// How many data keys are wrapped under which key, configured or not.
    pub data_keys: BTreeMap<String, usize>,
    /// How many entries are no wrapped data keys at all.
    pub unreadable: usize,
}

/// The vault. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault(Arc<()>);

impl Vault {
    /// The vault with the permissions of `connection`'s role.
    pub fn new(_connection: &Connection, _keys: KeyRing, _clock: fn() -> DateTime<Utc>) -> Self {
        todo!()
    }

    /// The audit log that it writes to.
    pub fn audit(&self) -> &AuditLog {
        todo!()
    }

    /// Stores a new generation, under a data key of its own, and returns its number. Older generations stay until they
    /// are shredded.
    pub async fn store(&self, _owner: &Owner, _credential: &Credential, _cause: &Cause) -> Result<u32, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// Opens the newest version of the newest generation.
    pub async fn read(&self, _owner: &Owner, _purpose: Purpose, _reader: &Reader) -> Result<Opened, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// As [`read`](Self::read), but exchanges a credential that expires within ten minutes first.
    pub async fn fresh<F, R>(
        &self,
        _owner: &Owner,
        _purpose: Purpose,
        _reader: &Reader,
        _refresh: F,
    ) -> Result<Opened, Error>
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        std::future::ready(()).await;
        todo!()
    }

    /// As [`fresh`](Self::fresh), although it does not expire yet: a caller's token, `seen`, was just refused. When there
    /// is a newer one already, that is returned.
    pub async fn refresh_now<F, R>(
        &self,
        _owner: &Owner,
        _purpose: Purpose,
        _reader: &Reader,
        _seen_version: u32,
        _refresh: F,
    ) -> Result<Opened, Error>
    where
        F: FnOnce(Secret) -> R + Send + 'static,
        R: Future<Output = Result<Credential, RefreshError>> + Send + 'static,
    {
        std::future::ready(()).await;
        todo!()
    }

    /// Records that the external system was asked to end a generation.
    pub async fn revoked(
        &self,
        _owner: &Owner,
        _generation: u32,
        _confirmed: bool,
        _reason: Option<String>,
        _cause: &Cause,
    ) -> Result<(), Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// Shreds every live generation up to `up_to_generation` and returns how many.
    pub async fn shred(&self, _owner: &Owner, _up_to_generation: u32, _cause: &Cause) -> Result<usize, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// Shreds one generation; whether it was live.
    pub async fn shred_one(&self, _owner: &Owner, _generation: u32, _cause: &Cause) -> Result<bool, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// The live generations, in order.
    pub async fn generations(&self, _owner: &Owner) -> Result<Vec<u32>, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// Wraps every data key under the current key.
    pub async fn rotate(&self, _cause: &Cause, _progress: impl FnMut(Progress)) -> Result<Rotation, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// How many data keys are wrapped under which key.
    pub async fn key_status(&self) -> Result<KeyStatus, Error> {
        std::future::ready(()).await;
        todo!()
    }

    /// Forgets what is remembered of an owner.
    pub fn invalidate(&self, _owner: &Owner) {}

    /// Hears what other copies changed, and writes the audit, until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
    }
}
