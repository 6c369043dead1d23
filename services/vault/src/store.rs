//! Storing a credential: a new generation, under a data key of its own.

use infragpt_events::{
    audit::AuditedAction,
    credential::{self, CredentialCommand, Refusal, Stored},
};
use infragpt_nats::{Cause, CredentialKeyEntry, CredentialKeyId, ExecuteError, credential_key};

use crate::{
    Credential, Error, Owner, Reader, Vault,
    envelope::{Ciphertext, DataKey, Place},
    random,
    vault::{following, subject},
};

/// How often another writer may be first.
const TRIES: u32 = 10;

/// How long a data key that nobody here can open is given to become a generation's. It may be one of a copy that was
/// started a moment ago with a newer key; afterwards it is one that a crash left behind.
const GRACE: std::time::Duration = std::time::Duration::from_secs(1);

impl Vault {
    /// Stores a new generation, under a data key of its own, and returns its number. Older generations stay until they
    /// are [shredded](Self::shred). A call that was cut off may have stored one; calling again stores the next.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Keys`] when NATS can't be used; nothing is known to be stored then.
    pub async fn store(&self, owner: &Owner, credential: &Credential, cause: &Cause) -> Result<u32, Error> {
        let stored = self.store_next(owner, credential, cause).await;
        let refused = stored.as_ref().err().map(ToString::to_string);
        self.note_change(AuditedAction::CredentialStored, owner, &Reader::of(cause), refused);
        stored
    }

    async fn store_next(&self, owner: &Owner, credential: &Credential, cause: &Cause) -> Result<u32, Error> {
        for _ in 0..TRIES {
            let subject = subject(owner);
            let present = self.0.store.load::<credential::Credential>(&subject).await?.state;
            let place = Place {
                owner,
                generation: present.newest + 1,
                version: 1,
            };
            let id = place.key_id();
            let data_key = self.claim_key(&id).await?;
            let stored = Stored {
                connector: owner.connector.clone(),
                generation: place.generation,
                sealed: Ciphertext::seal(&data_key, &place, &credential.secret)?.sealed(),
                expires_at: credential.expires_at,
            };
            // Random, because what is sealed twice differs: a second one must not pass for the first.
            let cause = following(
                cause,
                format_args!("stored.{}.{}", place.generation, random::identifier()),
            );
            let executed = self
                .0
                .store
                .execute::<credential::Credential>(&subject, &cause, CredentialCommand::Store(stored))
                .await;
            match executed {
                Ok(_) => {
                    self.changed(owner).await;
                    return Ok(place.generation);
                }
                Err(ExecuteError::Refused(Refusal::Superseded | Refusal::Gone(_))) => self.release_key(&id).await?,
                Err(ExecuteError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Error::Contended)
    }

    /// The data key of a generation that is about to be stored: a new one, or the one that a writer left who was cut off
    /// before, or who is doing the same right now. Replacing that one would make what they store unreadable.
    async fn claim_key(&self, id: &CredentialKeyId) -> Result<DataKey, Error> {
        let data_key = DataKey::draw()?;
        let mut expected = 0;
        let mut given_up: Option<CredentialKeyEntry> = None;
        for _ in 0..TRIES {
            match self
                .0
                .data_keys
                .write(id, expected, data_key.wrap(&self.0.keys, id)?)
                .await
            {
                Ok(_) => {
                    if let Some(entry) = given_up {
                        self.0.data_keys.erase(entry.sequence).await?;
                    }
                    return Ok(data_key);
                }
                Err(credential_key::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            expected = 0;
            let Some(entry) = self.0.data_keys.find(id).await? else {
                continue;
            };
            match DataKey::unwrap(&self.0.keys, id, &entry.value) {
                Ok(data_key) => return Ok(data_key),
                Err(error) if given_up.as_ref() == Some(&entry) => return Err(error),
                Err(_) => {}
            }
            tokio::time::sleep(GRACE).await;
            let present = self
                .0
                .store
                .load::<credential::Credential>(&subject_of(id))
                .await?
                .state;
            if present.newest >= id.generation {
                // It became a generation; the caller finds out that it lost.
                return Ok(data_key);
            }
            tracing::warn!(
                organization.id = %id.organization, integration.id = %id.integration,
                "A data key that seals nothing and that no configured key opens is replaced"
            );
            expected = entry.sequence;
            given_up = Some(entry);
        }
        Err(Error::Contended)
    }

    /// Erases the data key of a generation that others stored and shredded meanwhile.
    async fn release_key(&self, id: &CredentialKeyId) -> Result<(), Error> {
        let present = self
            .0
            .store
            .load::<credential::Credential>(&subject_of(id))
            .await?
            .state;
        if id.generation <= present.newest && !present.generations.contains_key(&id.generation) {
            self.erase_key(id).await?;
        }
        Ok(())
    }
}

fn subject_of(id: &CredentialKeyId) -> infragpt_nats::AggregateSubject {
    infragpt_nats::AggregateSubject::new::<credential::Credential>(&id.organization, id.integration)
}
