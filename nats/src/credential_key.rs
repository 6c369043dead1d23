//! The wrapped data keys of credentials: the bucket `CREDENTIAL_KEYS`.
//!
//! A key is gone once its last message was erased: its bytes are in no file of the server any more. That is why nothing here
//! relies on the bucket's history: a replaced message would be forgotten, and stay in its file.

use async_nats::HeaderMap;
use bytes::Bytes;
use infragpt_events::OrganizationId;
use uuid::Uuid;

use crate::{Connection, direct, erase, publish};

const STREAM: &str = "KV_CREDENTIAL_KEYS";

/// Which data key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialKeyId {
    /// Whose credential it seals.
    pub organization: OrganizationId,
    /// Of which integration.
    pub integration: Uuid,
    /// The credential's generation, from 1.
    pub generation: u32,
}

impl CredentialKeyId {
    fn subject(&self) -> String {
        let Self {
            organization,
            integration,
            generation,
        } = self;
        format!("$KV.CREDENTIAL_KEYS.{organization}.{integration}.{generation}")
    }

    fn parse(subject: &str) -> Option<Self> {
        let mut tokens = subject.strip_prefix("$KV.CREDENTIAL_KEYS.")?.split('.');
        let id = Self {
            organization: OrganizationId::parse(tokens.next()?).ok()?,
            integration: tokens.next()?.parse().ok()?,
            generation: tokens.next()?.parse().ok()?,
        };
        tokens.next().is_none().then_some(id)
    }
}

/// A stored entry: the wrapped key in whatever form the vault gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialKeyEntry {
    /// Which key.
    pub id: CredentialKeyId,
    /// The wrapped key.
    pub value: Bytes,
    /// The message that holds it.
    pub sequence: u64,
}

/// Why the bucket can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error("the data keys can't be read")]
    Read(#[from] direct::Error),
    /// Another writer was first.
    #[error("another writer changed the data key first")]
    Conflict,
    /// It can't be written.
    #[error("the data key can't be written: {0}")]
    Write(String),
    /// What should be erased can't be.
    #[error("the data key can't be erased: {0}")]
    Erase(String),
}

/// The wrapped data keys; only the vault may use them.
#[derive(Debug, Clone)]
pub struct CredentialKeys {
    connection: Connection,
}

impl CredentialKeys {
    /// The bucket with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
        }
    }

    /// The newest entry of a key; none before it is written and after it is erased.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn find(&self, id: &CredentialKeyId) -> Result<Option<CredentialKeyEntry>, Error> {
        let stored = direct::last_value(&self.connection.client, STREAM, &id.subject()).await?;
        Ok(stored.map(|stored| CredentialKeyEntry {
            id: id.clone(),
            value: stored.payload,
            sequence: stored.sequence,
        }))
    }

    /// Every entry of a key, the newest last: an older one, too, if it was not erased yet, and whatever else was stored there.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn every(&self, id: &CredentialKeyId) -> Result<Vec<CredentialKeyEntry>, Error> {
        let stored = direct::read_stored(&self.connection.client, STREAM, &id.subject(), 1).await?;
        Ok(stored
            .into_iter()
            .map(|stored| CredentialKeyEntry {
                id: id.clone(),
                value: stored.payload,
                sequence: stored.sequence,
            })
            .collect())
    }

    /// Every message of the bucket, in order: an older entry of a key, too, if it was not erased yet.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn all(&self) -> Result<Vec<CredentialKeyEntry>, Error> {
        let stored = direct::read_stored(&self.connection.client, STREAM, "$KV.CREDENTIAL_KEYS.>", 1).await?;
        Ok(stored
            .into_iter()
            .filter_map(|stored| {
                Some(CredentialKeyEntry {
                    id: CredentialKeyId::parse(&stored.subject)?,
                    value: stored.payload,
                    sequence: stored.sequence,
                })
            })
            .collect())
    }

    /// Writes an entry after the one with sequence `expected`, 0 where there is none, and returns its sequence. The one
    /// before it stays until it is erased.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the last entry is another one, [`Error::Write`].
    pub async fn write(&self, id: &CredentialKeyId, expected: u64, value: Bytes) -> Result<u64, Error> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
        match publish::publish(&self.connection.client, id.subject(), headers, value).await {
            Ok(acknowledged) => Ok(acknowledged.sequence),
            Err(publish::Error::Conflict) => Err(Error::Conflict),
            Err(error) => Err(Error::Write(error.to_string())),
        }
    }

    /// Takes one message out of the server's files; one that is gone already is fine.
    ///
    /// # Errors
    /// [`Error::Erase`].
    pub async fn erase(&self, sequence: u64) -> Result<(), Error> {
        let deleted = erase::delete(&self.connection.client, STREAM, sequence).await;
        deleted.map(drop).map_err(|error| Error::Erase(error.to_string()))
    }

    /// Erases every entry of a key, older ones included.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Erase`].
    pub async fn erase_all(&self, id: &CredentialKeyId) -> Result<(), Error> {
        for entry in self.every(id).await? {
            self.erase(entry.sequence).await?;
        }
        Ok(())
    }
}
