//! Opening a credential.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use infragpt_events::credential::{self, Generation};
use infragpt_nats::CredentialKeyId;

use crate::{
    Error, Opened, Owner, Purpose, Reader, Vault,
    cache::Entry,
    envelope::{Ciphertext, DataKey, Place},
    vault::subject,
};

/// How long until it is looked again for what may be about to arrive: a copy of a stream may lag behind.
const PAUSE: Duration = Duration::from_millis(20);

impl Vault {
    /// Opens the newest version of the newest generation that is not shredded. Every call is recorded for the audit.
    ///
    /// What was read less than ten seconds ago is not read again, unless it changed.
    ///
    /// # Errors
    /// [`Error::NotStored`], [`Error::Shredded`], [`Error::Unreadable`], [`Error::KeyMissing`], and [`Error::Store`] and
    /// [`Error::Keys`] when NATS can't be used.
    pub async fn read(&self, owner: &Owner, purpose: Purpose, reader: &Reader) -> Result<Opened, Error> {
        let opened = self.newest(owner).await.and_then(|entry| entry.open());
        self.note(owner, purpose, reader, opened.as_ref().err());
        opened
    }

    /// The generations that can still be opened, in order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn generations(&self, owner: &Owner) -> Result<Vec<u32>, Error> {
        let loaded = self.0.store.load::<credential::Credential>(&subject(owner)).await?;
        Ok(loaded.state.generations.into_keys().collect())
    }

    /// The newest version, if need be from the log.
    pub(crate) async fn newest(&self, owner: &Owner) -> Result<Arc<Entry>, Error> {
        match self.0.cache.get(owner, Instant::now()) {
            Some(entry) => Ok(entry),
            None => self.load_newest(owner).await,
        }
    }

    /// The newest version as the log has it.
    pub(crate) async fn load_newest(&self, owner: &Owner) -> Result<Arc<Entry>, Error> {
        let begun = self.0.cache.begin();
        let subject = subject(owner);
        let mut was_stored = false;
        for is_last in [false, false, true] {
            let loaded_at = Instant::now();
            let present = self.0.store.load::<credential::Credential>(&subject).await?.state;
            was_stored |= present.newest > 0;
            for (number, generation) in present.generations.iter().rev() {
                if let Some(entry) = self.assemble(owner, *number, generation).await? {
                    let entry = Arc::new(entry);
                    self.0.cache.keep(&entry, begun, loaded_at);
                    return Ok(entry);
                }
                // Its key is erased, and that it is shredded is about to be in the log. Where that does not come, whoever
                // shredded it was cut off, and the one before it is the newest.
                if !is_last {
                    break;
                }
            }
            if !is_last {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(if was_stored { Error::Shredded } else { Error::NotStored })
    }

    /// A generation with its data key, opened once; nothing where the data key is erased.
    async fn assemble(&self, owner: &Owner, number: u32, generation: &Generation) -> Result<Option<Entry>, Error> {
        let place = Place {
            owner,
            generation: number,
            version: generation.version,
        };
        let id = place.key_id();
        let Some(stored) = self.0.data_keys.find(&id).await? else {
            return Ok(None);
        };
        let data_key = match DataKey::unwrap(&self.0.keys, &id, &stored.value) {
            Ok(data_key) => data_key,
            Err(error) => self.older_key(&id).await?.ok_or(error)?,
        };
        let ciphertext = Ciphertext::read(&generation.sealed)?;
        ciphertext.open(&data_key, &place)?;
        Ok(Some(Entry {
            owner: owner.clone(),
            generation: number,
            version: generation.version,
            data_key,
            ciphertext,
            expires_at: generation.expires_at,
        }))
    }

    /// The data key from an older message that can be opened: the newest one may be wrapped under a key that this copy was
    /// not given yet, or be something else that was led there.
    async fn older_key(&self, id: &CredentialKeyId) -> Result<Option<DataKey>, Error> {
        let entries = self.0.data_keys.every(id).await?;
        let mut older = entries.iter().rev();
        Ok(older.find_map(|entry| DataKey::unwrap(&self.0.keys, id, &entry.value).ok()))
    }
}
