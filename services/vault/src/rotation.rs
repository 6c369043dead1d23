//! Wrapping every data key under the current key of the installation, while others read.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use infragpt_events::{
    OrganizationId,
    credential::{self, CredentialCommand, Refusal},
};
use infragpt_nats::{AggregateSubject, Cause, CredentialKeyEntry, CredentialKeyId, ExecuteError, credential_key};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Error, Vault,
    envelope::{DataKey, wrapped_under},
    vault::following,
};

/// How many data keys are wrapped at once. Each waits for two writes to the disk, which the server does together.
const WRAPPING: usize = 64;

/// How many messages are erased at once. The server erases one after the other and writes the whole block of messages
/// around it again, up to 8 MB: more at once would only keep readers waiting behind them.
const ERASING: usize = 2;

/// How often another writer of the same data key may be first.
const TRIES: u32 = 5;

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Data keys that were looked at.
    pub done: usize,
    /// Data keys in all.
    pub total: usize,
}

/// A data key that no configured key opens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LostKey {
    /// Whose credential it seals.
    pub organization: OrganizationId,
    /// Of which integration.
    pub integration: Uuid,
    /// The credential's generation.
    pub generation: u32,
    /// The identifier of the key that it is wrapped under; nothing where that can't be told.
    pub key: Option<String>,
}

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// Data keys that it wrapped under the current key.
    pub rewrapped: usize,
    /// Data keys that were under it before.
    pub already: usize,
    /// Data keys that no configured key opens. They stay as they are.
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
    /// How many entries are no wrapped data keys.
    pub unreadable: usize,
}

/// What became of one data key.
enum Outcome {
    /// It is wrapped under the current key, and these messages are to be erased.
    Rewrapped(Vec<u64>),
    Already,
    Lost(LostKey),
    /// It was erased meanwhile, or should have been before.
    Gone,
}

impl Vault {
    /// Wraps every data key under the current key, and erases what was wrapped under others. Credentials can be read,
    /// stored and refreshed meanwhile. Where it is cut off, calling it again does the rest; `progress` is called after
    /// each data key.
    ///
    /// Erasing takes the longest, and longer the more data keys there are, because nats-server 2.15 writes a whole block
    /// of messages again to erase one of them: on two cores 500 data keys took 1.5 seconds, and 10,000 took 110.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Keys`]; what was done until then stays done.
    pub async fn rotate(&self, cause: &Cause, mut progress: impl FnMut(Progress)) -> Result<Rotation, Error> {
        let mut entries: BTreeMap<CredentialKeyId, Vec<CredentialKeyEntry>> = BTreeMap::new();
        for entry in self.0.data_keys.all().await? {
            entries.entry(entry.id.clone()).or_default().push(entry);
        }
        let mut rotation = Rotation::default();
        let (mut done, total) = (0, entries.len());
        progress(Progress { done, total });
        let mut outcomes = stream::iter(entries)
            .map(|(id, entries)| self.rewrap(id, entries, cause))
            .buffer_unordered(WRAPPING)
            .map(|outcome| self.erase_older(outcome))
            .buffer_unordered(ERASING);
        let mut kept = Vec::new();
        while let Some(outcome) = outcomes.next().await {
            match outcome? {
                Outcome::Rewrapped(left) => {
                    rotation.rewrapped += 1;
                    kept.extend(left);
                }
                Outcome::Already => rotation.already += 1,
                Outcome::Lost(key) => rotation.lost.push(key),
                Outcome::Gone => {}
            }
            done += 1;
            progress(Progress { done, total });
        }
        self.check_erased(kept).await?;
        rotation.lost.sort();
        Ok(rotation)
    }

    /// How many data keys are wrapped under which key.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub async fn key_status(&self) -> Result<KeyStatus, Error> {
        let mut newest = BTreeMap::new();
        for entry in self.0.data_keys.all().await? {
            newest.insert(entry.id, entry.value);
        }
        let mut status = KeyStatus {
            current: self.0.keys.current_id().to_owned(),
            configured: self.0.keys.ids(),
            ..KeyStatus::default()
        };
        for value in newest.values() {
            match wrapped_under(value) {
                Ok(key) => *status.data_keys.entry(key).or_default() += 1,
                Err(_) => status.unreadable += 1,
            }
        }
        Ok(status)
    }

    /// Wraps one data key, of which `entries` are all there are, the newest last. Older ones are what a rotation left
    /// that was cut off; they are erased last, so that whatever else it left undone is done first.
    async fn rewrap(
        &self,
        id: CredentialKeyId,
        mut entries: Vec<CredentialKeyEntry>,
        cause: &Cause,
    ) -> Result<Outcome, Error> {
        for _ in 0..TRIES {
            let opened = entries
                .iter()
                .rev()
                .find_map(|entry| Some((entry.sequence, DataKey::unwrap(&self.0.keys, &id, &entry.value).ok()?)));
            let (Some(newest), Some((sequence, data_key))) = (entries.last(), opened) else {
                if !self.is_needed(&id).await? {
                    self.erase_key(&id).await?;
                    return Ok(Outcome::Gone);
                }
                let key = entries.last().and_then(|newest| wrapped_under(&newest.value).ok());
                return Ok(Outcome::Lost(lost(id, key)));
            };
            let is_current = wrapped_under(&newest.value).is_ok_and(|key| key == self.0.keys.current_id());
            let current = if is_current && sequence == newest.sequence {
                if entries.len() == 1 {
                    return Ok(Outcome::Already);
                }
                sequence
            } else {
                let value = data_key.wrap(&self.0.keys, &id)?;
                match self.0.data_keys.write(&id, newest.sequence, value).await {
                    Ok(sequence) => sequence,
                    Err(credential_key::Error::Conflict) => {
                        let Some(newest) = self.0.data_keys.find(&id).await? else {
                            return Ok(Outcome::Gone);
                        };
                        entries.retain(|entry| entry.sequence < newest.sequence);
                        entries.push(newest);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            };
            if !self.record(&id, current, cause).await? {
                return Ok(Outcome::Gone);
            }
            let older = entries.iter().map(|entry| entry.sequence).filter(|it| *it != current);
            return Ok(Outcome::Rewrapped(older.collect()));
        }
        Err(Error::Contended)
    }

    /// Erases what a data key was wrapped in before. What the server says it did not erase is left in the outcome.
    async fn erase_older(&self, outcome: Result<Outcome, Error>) -> Result<Outcome, Error> {
        let older = match outcome? {
            Outcome::Rewrapped(older) => older,
            outcome => return Ok(outcome),
        };
        let mut left = Vec::new();
        for sequence in older {
            match self.0.data_keys.erase(sequence).await {
                Ok(()) => {}
                Err(credential_key::Error::Erase(_)) => left.push(sequence),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Outcome::Rewrapped(left))
    }

    /// Looks whether messages that were not erased are there: somebody else may have been first.
    async fn check_erased(&self, sequences: Vec<u64>) -> Result<(), Error> {
        if sequences.is_empty() {
            return Ok(());
        }
        for entry in self.0.data_keys.all().await? {
            if sequences.contains(&entry.sequence) {
                self.0.data_keys.erase(entry.sequence).await?;
            }
        }
        Ok(())
    }

    /// Records that a data key was wrapped again; whether it still has a use. One without is erased.
    async fn record(&self, id: &CredentialKeyId, sequence: u64, cause: &Cause) -> Result<bool, Error> {
        let subject = AggregateSubject::new::<credential::Credential>(&id.organization, id.integration);
        let command = CredentialCommand::Rewrap {
            generation: id.generation,
            key: self.0.keys.current_id().to_owned(),
        };
        let cause = following(cause, format_args!("rewrapped.{}.{sequence}", id.generation));
        let executed = self
            .0
            .store
            .execute::<credential::Credential>(&subject, &cause, command)
            .await;
        match executed {
            Ok(_) => Ok(true),
            Err(ExecuteError::Refused(Refusal::Gone(_) | Refusal::Superseded)) => {
                let is_needed = self.is_needed(id).await?;
                if !is_needed {
                    self.erase_key(id).await?;
                }
                Ok(is_needed)
            }
            Err(ExecuteError::Store(error)) => Err(error.into()),
        }
    }

    /// Whether something is sealed under a data key, or may be about to be: that of the next generation is written first.
    async fn is_needed(&self, id: &CredentialKeyId) -> Result<bool, Error> {
        let subject = AggregateSubject::new::<credential::Credential>(&id.organization, id.integration);
        let present = self.0.store.load::<credential::Credential>(&subject).await?.state;
        Ok(id.generation > present.newest || present.generations.contains_key(&id.generation))
    }
}

fn lost(id: CredentialKeyId, key: Option<String>) -> LostKey {
    LostKey {
        organization: id.organization,
        integration: id.integration,
        generation: id.generation,
        key,
    }
}
