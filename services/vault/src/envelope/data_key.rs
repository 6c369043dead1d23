//! Data keys: one for each generation of a credential, stored wrapped.

use std::fmt;

use bytes::Bytes;
use infragpt_nats::CredentialKeyId;
use serde::{Deserialize, Serialize};

use super::cipher;
use crate::{
    Error, KeyRing,
    key_ring::{Key, KeyBytes},
};

/// What a generation of a credential is sealed under.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DataKey(pub(super) KeyBytes);

/// A wrapped data key as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    /// The identifier of the key that it is wrapped under.
    key: String,
    /// In base64url.
    nonce: String,
    /// Ciphertext and authentication tag, in base64url.
    wrapped: String,
}

impl DataKey {
    /// A new one.
    pub fn draw() -> Result<Self, Error> {
        let mut bytes = KeyBytes::default();
        cipher::draw(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Wraps it under the current key, for `id` and for no other.
    pub fn wrap(&self, keys: &KeyRing, id: &CredentialKeyId) -> Result<Bytes, Error> {
        let current = keys.current();
        let (nonce, wrapped) = cipher::seal(&current.encryption, &associated(id, current), self.0.as_slice())?;
        let stored = StoredKey {
            key: current.id.clone(),
            nonce: cipher::encode(&nonce),
            wrapped: cipher::encode(&wrapped),
        };
        serde_json::to_vec(&stored)
            .map(Bytes::from)
            .map_err(|_| Error::Unreadable)
    }

    /// Opens a stored one with the key that it is wrapped under.
    ///
    /// # Errors
    /// [`Error::KeyMissing`], or [`Error::Unreadable`] when it was altered or is another one's.
    pub fn unwrap(keys: &KeyRing, id: &CredentialKeyId, entry: &[u8]) -> Result<Self, Error> {
        let stored = read(entry)?;
        let key = keys.find(&stored.key).ok_or_else(|| Error::KeyMissing {
            key: stored.key.clone(),
        })?;
        let opened = cipher::open(
            &key.encryption,
            cipher::decode_nonce(&stored.nonce)?,
            &associated(id, key),
            &cipher::decode(&stored.wrapped)?,
        )?;
        let mut bytes = KeyBytes::default();
        if opened.len() != bytes.len() {
            return Err(Error::Unreadable);
        }
        bytes.copy_from_slice(&opened);
        Ok(Self(bytes))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DataKey(..)")
    }
}

/// The identifier of the key that a stored data key is wrapped under, configured or not.
///
/// # Errors
/// [`Error::Unreadable`] when it is no stored data key.
pub(crate) fn wrapped_under(entry: &[u8]) -> Result<String, Error> {
    read(entry).map(|stored| stored.key)
}

fn read(entry: &[u8]) -> Result<StoredKey, Error> {
    let stored: StoredKey = serde_json::from_slice(entry).map_err(|_| Error::Unreadable)?;
    // It is repeated to operators, so it has to look like one.
    let is_identifier = stored.key.len() == 16 && stored.key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_identifier {
        Ok(stored)
    } else {
        Err(Error::Unreadable)
    }
}

fn associated(id: &CredentialKeyId, key: &Key) -> Vec<u8> {
    cipher::fields(&[
        b"infragpt.data-key.v1",
        id.organization.as_str().as_bytes(),
        id.integration.as_bytes(),
        &id.generation.to_be_bytes(),
        key.id.as_bytes(),
    ])
}
