//! AES-256-GCM with a fresh random nonce for every operation.
//!
//! <https://csrc.nist.gov/pubs/sp/800/38/d/final>

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

use crate::{Error, key_ring::LENGTH};

/// A nonce of 96 bits. A data key seals one credential and its refreshes, a key of the installation wraps as many data
/// keys as there are connections: both are far from the 2^32 random nonces that one key may see.
pub(super) type NonceBytes = [u8; NONCE_LEN];

/// Names every field's length, so that no two lists of fields are the same bytes.
pub(super) fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| 4 + field.len()).sum());
    for field in fields {
        // No field of ours comes near: organizations and connectors have at most 64 characters.
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(*field);
    }
    bytes
}

/// Fills `bytes` with random ones.
pub(super) fn draw(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::Random)
}

/// Seals `plaintext`; the ciphertext ends with the authentication tag.
pub(super) fn seal(key: &[u8; LENGTH], associated: &[u8], plaintext: &[u8]) -> Result<(NonceBytes, Vec<u8>), Error> {
    let mut nonce = NonceBytes::default();
    draw(&mut nonce)?;
    // Sealed in place, in memory that has room for the tag: the plaintext is overwritten by the ciphertext.
    let mut bytes = Zeroizing::new(Vec::with_capacity(plaintext.len() + AES_256_GCM.tag_len()));
    bytes.extend_from_slice(plaintext);
    prepare(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut *bytes)
        .map_err(|_| Error::Unreadable)?;
    Ok((nonce, std::mem::take(&mut *bytes)))
}

/// Opens what was sealed with the same key, nonce and associated data.
///
/// # Errors
/// [`Error::Unreadable`] for anything else.
pub(super) fn open(
    key: &[u8; LENGTH],
    nonce: NonceBytes,
    associated: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    let length = prepare(key)?
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut bytes)
        .map_err(|_| Error::Unreadable)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

fn prepare(key: &[u8; LENGTH]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| Error::Unreadable)
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url; a text that isn't exactly what [`encode`] gives is refused.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Unreadable)
}

pub(super) fn decode_nonce(text: &str) -> Result<NonceBytes, Error> {
    decode(text)?.try_into().map_err(|_| Error::Unreadable)
}
