//! x

use ring::hmac;
use secrecy::SecretString;

/// Why the configured keys can't be used. An entry is named by its position, never by its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// There is none.
    #[error("INFRAGPT_ENCRYPTION_KEYS is missing: make a key with `infragpt keys generate`")]
    Missing,
}

/// The configured keys.
#[derive(Debug, Clone)]
pub struct KeyRing {}

impl KeyRing {
    /// Reads `INFRAGPT_ENCRYPTION_KEYS`.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub fn parse(_keys: &SecretString) -> Result<Self, KeyRingError> {
        todo!()
    }

    /// A new entry.
    pub fn generate() -> SecretString {
        todo!()
    }

    /// The identifier of the current key.
    pub fn current_id(&self) -> &str {
        todo!()
    }

    /// The identifiers of all keys, the current one first.
    pub fn ids(&self) -> Vec<String> {
        todo!()
    }

    /// Keys for signing something else.
    pub fn derive(&self, _purpose: &'static str) -> Vec<hmac::Key> {
        todo!()
    }
}
