//! The keys of sessions, as Clerk publishes them. <https://www.rfc-editor.org/rfc/rfc7517>

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::Value;

/// More keys than any instance has.
const MOST_KEYS: usize = 64;

/// The shortest modulus that is taken, in bytes: 2048 bits.
const SHORTEST_MODULUS: usize = 256;

/// A public key that signs sessions.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    id: String,
    components: Components,
}

#[derive(Clone, PartialEq, Eq)]
struct Components {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// A set of keys, as it is written.
#[derive(Debug, Deserialize)]
pub(super) struct Jwks {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: String,
    e: String,
}

impl Key {
    /// How tokens name it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it signed `message`, with RSASSA-PKCS1-v1_5 and SHA-256.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = RsaPublicKeyComponents {
            n: &self.components.modulus,
            e: &self.components.exponent,
        };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Key").field(&self.id).finish()
    }
}

impl Jwks {
    /// Those that sign sessions. A set may have others, or some that nobody here understands; they are left out.
    pub fn keys(self) -> Vec<Arc<Key>> {
        let mut keys: Vec<Arc<Key>> = Vec::new();
        for key in self.keys.into_iter().take(MOST_KEYS).filter_map(key) {
            if keys.iter().all(|known| known.id != key.id) {
                keys.push(Arc::new(key));
            }
        }
        keys
    }
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let is_for_verifying = jwk.usage.is_none_or(|usage| usage == "sig")
        && jwk
            .key_ops
            .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    let is_rs256 = jwk.kty == "RSA" && jwk.alg.is_none_or(|algorithm| algorithm == "RS256");
    if !is_for_verifying || !is_rs256 || jwk.kid.is_empty() {
        return None;
    }
    let (modulus, exponent) = (number(&jwk.n)?, number(&jwk.e)?);
    (modulus.len() >= SHORTEST_MODULUS).then_some(Key {
        id: jwk.kid,
        components: Components { modulus, exponent },
    })
}

/// A number as JWKs write it, without the zeros in front that some write and ring does not take.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[first..].to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn jwk() -> Value {
        let modulus = URL_SAFE_NO_PAD.encode([0xC1; 256]);
        json!({"use": "sig", "kty": "RSA", "kid": "ins_1", "alg": "RS256", "n": modulus, "e": "AQAB"})
    }

    fn ids(keys: &[Value]) -> Vec<String> {
        let jwks: Jwks = serde_json::from_value(json!({ "keys": keys })).unwrap();
        jwks.keys().iter().map(|key| key.id().to_owned()).collect()
    }

    #[test]
    fn a_key_needs_no_more_than_it_must_have() {
        let mut bare = jwk();
        for optional in ["use", "alg"] {
            bare.as_object_mut().unwrap().remove(optional);
        }
        assert_eq!(ids(&[bare]), ["ins_1"]);
    }

    #[test]
    fn what_does_not_sign_sessions_is_left_out() {
        let changed = |field: &str, value: Value| {
            let mut changed = jwk();
            changed[field] = value;
            changed
        };
        for other in [
            changed("kty", "oct".into()),
            changed("kty", "EC".into()),
            changed("alg", "HS256".into()),
            changed("alg", "PS256".into()),
            changed("use", "enc".into()),
            changed("key_ops", json!(["encrypt"])),
            changed("kid", "".into()),
            changed("kid", Value::Null),
            changed("n", "%".into()),
            changed("n", URL_SAFE_NO_PAD.encode([0xC1; 128]).into()),
            changed("n", "AAAA".into()),
            changed("e", 65_537.into()),
            "a word".into(),
        ] {
            let named = changed("kid", "ins_2".into());
            assert_eq!(ids(&[other.clone(), named]), ["ins_2"], "{other}");
        }
    }

    #[test]
    fn of_two_keys_of_the_same_name_the_first_counts() {
        assert_eq!(ids(&[jwk(), jwk()]), ["ins_1"]);
    }
}
