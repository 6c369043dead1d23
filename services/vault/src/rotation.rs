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

/// What a rotation is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It wraps data keys under the current key. Once that is done, older keys are not needed any more.
    Wrapping,
    /// It erases what data keys were wrapped in before.
    Erasing,
}

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What it is doing.
    pub step: Step,
    /// Data keys that it has done that to.
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
    /// Data keys of which it erased older wrappings, also those that an earlier rotation left.
    pub erased: usize,
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
    Rewrapped,
    Already,
    Lost(LostKey),
    /// It was erased meanwhile, or should have been before.
    Gone,
}

/// All messages of each data key, the newest last.
type Entries = BTreeMap<CredentialKeyId, Vec<CredentialKeyEntry>>;

impl Vault {
    /// Wraps every data key under the current key, then erases what they were wrapped in before. Credentials can be read,
    /// stored and refreshed meanwhile. Where it is cut off, calling it again does the rest; `progress` is called after
    /// each data key.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Keys`]; what was done until then stays done.
    pub async fn rotate(&self, cause: &Cause, mut progress: impl FnMut(Progress)) -> Result<Rotation, Error> {
        let mut rotation = self.wrap_all(&mut progress).await?;
        rotation.erased = self.erase_older(cause, &mut progress).await?;
        Ok(rotation)
    }

    /// The first half of a rotation: wraps every data key under the current key. Afterwards nobody needs an older key,
    /// except to open what this half reports as lost.
    ///
    /// # Errors
    /// [`Error::Keys`]; what was done until then stays done.
    pub async fn wrap_all(&self, mut progress: impl FnMut(Progress)) -> Result<Rotation, Error> {
        let entries = self.entries().await?;
        let mut rotation = Rotation::default();
        let step = Step::Wrapping;
        let (mut done, total) = (0, entries.len());
        progress(Progress { step, done, total });
        let mut outcomes = stream::iter(entries)
            .map(|(id, entries)| self.rewrap(id, entries))
            .buffer_unordered(WRAPPING);
        while let Some(outcome) = outcomes.next().await {
            match outcome? {
                Outcome::Rewrapped => rotation.rewrapped += 1,
                Outcome::Already => rotation.already += 1,
                Outcome::Lost(key) => rotation.lost.push(key),
                Outcome::Gone => {}
            }
            done += 1;
            progress(Progress { step, done, total });
        }
        rotation.lost.sort();
        Ok(rotation)
    }

    /// The second half: records which data keys were wrapped anew, and erases what they were wrapped in before. Returns of
    /// how many.
    ///
    /// It takes the longer the more data keys there are, because nats-server 2.15 writes a whole block of messages again to
    /// erase one of them: about 10 ms each where there are 10,000. What is not erased yet opens with an older key only.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Keys`]; what was done until then stays done.
    pub async fn erase_older(&self, cause: &Cause, mut progress: impl FnMut(Progress)) -> Result<usize, Error> {
        let mut entries = self.entries().await?;
        // One that is not under the current key is left for a rotation that can open it.
        entries.retain(|_, entries| entries.len() > 1 && entries.last().is_some_and(|newest| self.is_current(newest)));
        let step = Step::Erasing;
        let (mut done, total) = (0, entries.len());
        progress(Progress { step, done, total });
        let mut erasing = stream::iter(entries)
            .map(|(id, entries)| self.erase_older_of(id, entries, cause))
            .buffer_unordered(ERASING);
        while let Some(erased) = erasing.next().await {
            erased?;
            done += 1;
            progress(Progress { step, done, total });
        }
        Ok(done)
    }

    async fn entries(&self) -> Result<Entries, Error> {
        let mut entries = Entries::new();
        for entry in self.0.data_keys.all().await? {
            entries.entry(entry.id.clone()).or_default().push(entry);
        }
        Ok(entries)
    }

    fn is_current(&self, entry: &CredentialKeyEntry) -> bool {
        wrapped_under(&entry.value).is_ok_and(|key| key == self.0.keys.current_id())
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
    /// that was cut off.
    async fn rewrap(&self, id: CredentialKeyId, mut entries: Vec<CredentialKeyEntry>) -> Result<Outcome, Error> {
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
            if self.is_current(newest) && sequence == newest.sequence {
                return Ok(Outcome::Already);
            }
            let value = data_key.wrap(&self.0.keys, &id)?;
            match self.0.data_keys.write(&id, newest.sequence, value).await {
                Ok(_) => return Ok(Outcome::Rewrapped),
                Err(credential_key::Error::Conflict) => {
                    let Some(newest) = self.0.data_keys.find(&id).await? else {
                        return Ok(Outcome::Gone);
                    };
                    entries.retain(|entry| entry.sequence < newest.sequence);
                    entries.push(newest);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended)
    }

    /// Erases what a data key was wrapped in before `entries`' newest, once that is on record.
    async fn erase_older_of(
        &self,
        id: CredentialKeyId,
        mut entries: Vec<CredentialKeyEntry>,
        cause: &Cause,
    ) -> Result<(), Error> {
        let Some(newest) = entries.pop() else { return Ok(()) };
        if self.record(&id, newest.sequence, cause).await? {
            for entry in entries {
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
