//! Credentials: sealed under the data key of their generation, each version anew.

use infragpt_events::credential::Sealed;
use infragpt_nats::CredentialKeyId;

use super::{
    cipher::{self, NonceBytes},
    data_key::DataKey,
};
use crate::{Error, Owner, Secret};

const ALGORITHM: &str = "A256GCM";

/// The one place that a credential is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// The generation, from 1.
    pub generation: u32,
    /// The version within it, from 1.
    pub version: u32,
}

/// A sealed credential without its wrapping in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ciphertext {
    nonce: NonceBytes,
    bytes: Vec<u8>,
}

impl Place<'_> {
    /// Whose data key it takes.
    pub fn key_id(&self) -> CredentialKeyId {
        CredentialKeyId {
            organization: self.owner.organization.clone(),
            integration: self.owner.integration,
            generation: self.generation,
        }
    }

    fn associated(&self) -> Vec<u8> {
        cipher::fields(&[
            b"infragpt.credential.v1",
            self.owner.organization.as_str().as_bytes(),
            self.owner.integration.as_bytes(),
            self.owner.connector.as_str().as_bytes(),
            &self.generation.to_be_bytes(),
            &self.version.to_be_bytes(),
        ])
    }
}

impl Ciphertext {
    /// Seals `secret` for `place`.
    pub fn seal(key: &DataKey, place: &Place<'_>, secret: &Secret) -> Result<Self, Error> {
        let (nonce, bytes) = cipher::seal(&key.0, &place.associated(), secret.expose())?;
        Ok(Self { nonce, bytes })
    }

    /// Opens it where it was sealed for `place` under `key`.
    ///
    /// # Errors
    /// [`Error::Unreadable`] everywhere else, and when it was altered.
    pub fn open(&self, key: &DataKey, place: &Place<'_>) -> Result<Secret, Error> {
        cipher::open(&key.0, self.nonce, &place.associated(), &self.bytes).map(Secret::from)
    }

    /// As it is stored.
    pub fn sealed(&self) -> Sealed {
        Sealed {
            algorithm: ALGORITHM.to_owned(),
            nonce: cipher::encode(&self.nonce),
            ciphertext: cipher::encode(&self.bytes),
        }
    }

    /// Reads what is stored.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn read(sealed: &Sealed) -> Result<Self, Error> {
        if sealed.algorithm != ALGORITHM {
            return Err(Error::Unreadable);
        }
        Ok(Self {
            nonce: cipher::decode_nonce(&sealed.nonce)?,
            bytes: cipher::decode(&sealed.ciphertext)?,
        })
    }
}
