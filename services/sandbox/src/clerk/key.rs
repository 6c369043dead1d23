use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair, PublicKeyComponents},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding},
};
use serde_json::{Value, json};

/// What comes before a PKCS#1 key of 2048 bits with the usual exponent to make it a `SubjectPublicKeyInfo` (RFC 5280).
const PUBLIC_KEY_PREFIX: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00,
];

/// A key that signs session tokens.
#[derive(Debug)]
pub(super) struct SigningKey {
    pub(super) kid: &'static str,
    pair: KeyPair,
}

impl SigningKey {
    fn read(kid: &'static str, pem: &str) -> Option<Self> {
        let (_, body) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
        let body: String = body.split_once("-----")?.0.split_whitespace().collect();
        let pair = KeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok()?;
        Some(Self { kid, pair })
    }

    pub(super) fn rs256(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.sign(&RSA_PKCS1_SHA256, message)
    }

    pub(super) fn rs512(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.sign(&RSA_PKCS1_SHA512, message)
    }

    fn sign(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let signed = self.pair.sign(encoding, &SystemRandom::new(), message, &mut signature);
        signed.ok().map(|()| signature)
    }

    /// As a JSON Web Key (RFC 7517).
    fn jwk(&self) -> Value {
        let parts = PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.kid,
            "alg": "RS256",
            "n": URL_SAFE_NO_PAD.encode(parts.n),
            "e": URL_SAFE_NO_PAD.encode(parts.e),
        })
    }

    /// The public key in PEM, as Clerk's dashboard shows it.
    pub(super) fn public_pem(&self) -> String {
        let der = [&PUBLIC_KEY_PREFIX[..], self.pair.public_key().as_ref()].concat();
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        for line in STANDARD.encode(der).as_bytes().chunks(64) {
            pem += &String::from_utf8_lossy(line);
            pem.push('\n');
        }
        pem + "-----END PUBLIC KEY-----\n"
    }
}

/// Which key signs, and how long the other one is still shown.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    is_second: bool,
    /// In seconds since the epoch; before any rotation nobody sees the other key.
    other_until: i64,
}

/// The two keys of an instance, of which one signs. They are the same in every sandbox, so that a token outlives a restart.
#[derive(Debug)]
pub(super) struct Keys {
    first: SigningKey,
    second: SigningKey,
    standing: Mutex<Standing>,
}

impl Keys {
    /// Reads the keys; `None` if they are damaged.
    pub(super) fn read() -> Option<Self> {
        Some(Self {
            first: SigningKey::read("ins_sandbox1", include_str!("sandbox-signing-key-1.pem"))?,
            second: SigningKey::read("ins_sandbox2", include_str!("sandbox-signing-key-2.pem"))?,
            standing: Mutex::default(),
        })
    }

    pub(super) fn current(&self) -> &SigningKey {
        self.pair().0
    }

    /// The one that does not sign.
    pub(super) fn other(&self) -> &SigningKey {
        self.pair().1
    }

    /// The other key signs from now on; the one that did is shown for so many more seconds.
    pub(super) fn rotate(&self, keep_seconds: u32, now: i64) {
        let mut standing = self.lock();
        standing.is_second = !standing.is_second;
        standing.other_until = now + i64::from(keep_seconds);
    }

    pub(super) fn reset(&self) {
        *self.lock() = Standing::default();
    }

    /// The set of the keys whose tokens are good now, the signing one first.
    ///
    /// <https://clerk.com/docs/guides/sessions/manual-jwt-verification>
    pub(super) fn jwks(&self, now: i64) -> Value {
        let (current, other) = self.pair();
        let mut keys = vec![current.jwk()];
        if self.lock().other_until > now {
            keys.push(other.jwk());
        }
        json!({ "keys": keys })
    }

    fn pair(&self) -> (&SigningKey, &SigningKey) {
        if self.lock().is_second {
            (&self.second, &self.first)
        } else {
            (&self.first, &self.second)
        }
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(keys: &Keys, now: i64) -> Vec<String> {
        let jwks = keys.jwks(now);
        let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
        jwks["keys"].as_array().unwrap().iter().map(kid).collect()
    }

    #[test]
    fn a_rotation_shows_the_old_key_for_a_while() {
        let keys = Keys::read().unwrap();
        assert_eq!(kids(&keys, 100), ["ins_sandbox1"]);
        keys.rotate(60, 100);
        assert_eq!(keys.current().kid, "ins_sandbox2");
        assert_eq!(kids(&keys, 159), ["ins_sandbox2", "ins_sandbox1"]);
        assert_eq!(kids(&keys, 160), ["ins_sandbox2"]);
        keys.rotate(0, 200);
        assert_eq!(kids(&keys, 200), ["ins_sandbox1"]);
        keys.rotate(60, 200);
        keys.reset();
        assert_eq!(kids(&keys, 200), ["ins_sandbox1"]);
    }

    #[test]
    fn the_public_key_is_the_one_that_is_shown() {
        let keys = Keys::read().unwrap();
        let body: String = keys
            .first
            .public_pem()
            .lines()
            .filter(|it| !it.starts_with('-'))
            .collect();
        let der = STANDARD.decode(body).unwrap();
        let n = URL_SAFE_NO_PAD.decode(keys.first.jwk()["n"].as_str().unwrap()).unwrap();
        assert_eq!((n.len(), keys.first.jwk()["e"].as_str()), (256, Some("AQAB")));
        assert!(der.windows(256).any(|window| window == n));
        assert_ne!(keys.first.jwk()["n"], keys.second.jwk()["n"]);
    }
}
