//! The keys of an installation: what data keys are wrapped under, and what is derived from the same secret.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use ring::{
    hkdf, hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// How many bytes a key has.
pub(crate) const LENGTH: usize = 32;

/// A key in memory: in one place, and overwritten when it is dropped. What ring makes of it for one operation lives on
/// the stack and is not.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyBytes(Box<Zeroizing<[u8; LENGTH]>>);

impl Deref for KeyBytes {
    type Target = [u8; LENGTH];

    fn deref(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl DerefMut for KeyBytes {
    fn deref_mut(&mut self) -> &mut [u8; LENGTH] {
        &mut self.0
    }
}

const SALT: &[u8] = b"infragpt";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Why the configured keys can't be used. An entry is named by its position from 1, never by its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// There is none.
    #[error("INFRAGPT_ENCRYPTION_KEYS is missing, and there is no default: `infragpt keys generate` makes a key")]
    Missing,
    /// Nothing stands between two commas, or at an end.
    #[error("entry {position} of INFRAGPT_ENCRYPTION_KEYS is empty: entries are separated by one comma")]
    Empty {
        /// Which entry.
        position: usize,
    },
    /// It isn't base64.
    #[error("entry {position} of INFRAGPT_ENCRYPTION_KEYS is not base64")]
    NotBase64 {
        /// Which entry.
        position: usize,
    },
    /// It is too short or too long.
    #[error("entry {position} of INFRAGPT_ENCRYPTION_KEYS has {bytes} bytes, not {LENGTH}")]
    Length {
        /// Which entry.
        position: usize,
        /// How many bytes it has.
        bytes: usize,
    },
    /// All its bytes are equal, so nobody drew them at random.
    #[error(
        "entry {position} of INFRAGPT_ENCRYPTION_KEYS is weak, all its bytes are equal: `infragpt keys generate` makes a key"
    )]
    Weak {
        /// Which entry.
        position: usize,
    },
    /// It stands there twice.
    #[error("entry {position} of INFRAGPT_ENCRYPTION_KEYS is the same key as entry {first}")]
    Repeated {
        /// Which entry.
        position: usize,
        /// The entry that it repeats.
        first: usize,
    },
}

/// The keys of an installation, the current one first. Cheap to clone; shows nothing but identifiers.
#[derive(Clone)]
pub struct KeyRing(Arc<[Key]>);

/// One key: what was configured, and what is derived from it.
pub(crate) struct Key {
    /// Its identifier, which tells nothing of the key: 16 hexadecimal digits.
    pub id: String,
    /// What data keys are wrapped under.
    pub encryption: KeyBytes,
    entry: KeyBytes,
}

impl KeyRing {
    /// Reads `INFRAGPT_ENCRYPTION_KEYS`: keys of 32 bytes in base64, standard or url-safe, with or without padding,
    /// separated by commas. New data keys are wrapped under the first; all of them open what they wrapped.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub fn parse(keys: &SecretString) -> Result<Self, KeyRingError> {
        let keys = keys.expose_secret();
        if keys.trim().is_empty() {
            return Err(KeyRingError::Missing);
        }
        let mut entries: Vec<KeyBytes> = Vec::new();
        for (index, text) in keys.split(',').enumerate() {
            let position = index + 1;
            let entry = parse_entry(text.trim(), position)?;
            if let Some(first) = entries.iter().position(|known| known == &entry) {
                return Err(KeyRingError::Repeated {
                    position,
                    first: first + 1,
                });
            }
            entries.push(entry);
        }
        Ok(Self(entries.into_iter().map(Key::new).collect()))
    }

    /// A new entry for `INFRAGPT_ENCRYPTION_KEYS`: 32 random bytes in base64.
    pub fn generate() -> SecretString {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        SystemRandom::new()
            .fill(bytes.as_mut_slice())
            .unwrap_or_else(|_| unreachable!("the operating system gives random numbers once it has started"));
        STANDARD.encode(bytes.as_slice()).into()
    }

    /// The identifier of the key that new data keys are wrapped under.
    pub fn current_id(&self) -> &str {
        &self.current().id
    }

    /// The identifiers of all keys, the current one first.
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.id.clone()).collect()
    }

    /// Keys for signing something else (HMAC-SHA256), one of each entry, the current one first: sign with the first and
    /// believe all. Different purposes give unrelated keys.
    pub fn derive(&self, purpose: &'static str) -> Vec<hmac::Key> {
        self.0
            .iter()
            .map(|key| {
                let derived = expand(SALT, key.entry.as_slice(), &[b"signing:", purpose.as_bytes()]);
                hmac::Key::new(hmac::HMAC_SHA256, derived.as_slice())
            })
            .collect()
    }

    pub(crate) fn current(&self) -> &Key {
        self.0
            .first()
            .unwrap_or_else(|| unreachable!("a key ring with no key is refused when it is read"))
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("KeyRing").field(&self.ids()).finish()
    }
}

impl Key {
    fn new(entry: KeyBytes) -> Self {
        let id = expand(SALT, entry.as_slice(), &[b"key-identifier"]);
        Self {
            id: hex::encode(&id[..8]),
            encryption: expand(SALT, entry.as_slice(), &[b"key-encryption"]),
            entry,
        }
    }
}

fn parse_entry(text: &str, position: usize) -> Result<KeyBytes, KeyRingError> {
    if text.is_empty() {
        return Err(KeyRingError::Empty { position });
    }
    let alphabet = if text.contains(['-', '_']) {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    // Room for all of it at once: a vector that grows leaves its old memory as it was.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    GeneralPurpose::new(alphabet, LENIENT)
        .decode_vec(text, &mut bytes)
        .map_err(|_| KeyRingError::NotBase64 { position })?;
    if bytes.len() != LENGTH {
        return Err(KeyRingError::Length {
            position,
            bytes: bytes.len(),
        });
    }
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err(KeyRingError::Weak { position });
    }
    let mut entry = KeyBytes::default();
    entry.copy_from_slice(&bytes);
    Ok(entry)
}

/// HKDF-SHA256 for 32 bytes: <https://www.rfc-editor.org/rfc/rfc5869>
fn expand(salt: &[u8], secret: &[u8], information: &[&[u8]]) -> KeyBytes {
    let mut derived = KeyBytes::default();
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(information, hkdf::HKDF_SHA256)
        .and_then(|material| material.fill(derived.as_mut_slice()))
        .unwrap_or_else(|_| unreachable!("32 bytes are the length of one block"));
    derived
}
