//! The App as itself: its private key, and the JWTs with which it shows that it has it.
//!
//! Source: <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::{rand::SystemRandom, rsa, signature};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// GitHub's clock may be behind ours by this much.
const EARLIER: TimeDelta = TimeDelta::seconds(60);

/// GitHub takes ten minutes at most, by its own clock.
const LIFETIME: TimeDelta = TimeDelta::seconds(540);

/// How long one is used again.
const USED_FOR: TimeDelta = TimeDelta::minutes(5);

/// The App's private key, ready to sign.
#[derive(Clone)]
pub struct Key(Arc<rsa::KeyPair>);

/// What is wrong with a private key; nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key at all.
    #[error("isn't a private key in PEM: take the file that GitHub generates, with its BEGIN and END lines")]
    Pem,
    /// Another kind of key, or a weak one.
    #[error("isn't an RSA private key of 2048 bits or more")]
    Rejected,
}

impl Key {
    /// Reads PKCS#1, which GitHub generates, or PKCS#8. A variable often holds it in one line, with `\n` written out.
    pub(super) fn read(pem: &SecretString) -> Result<Self, KeyError> {
        let lines = SecretString::from(pem.expose_secret().replace("\\n", "\n"));
        let der = PrivateKeyDer::from_pem_slice(lines.expose_secret().as_bytes()).map_err(|_| KeyError::Pem)?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => rsa::KeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(KeyError::Rejected),
        };
        Ok(Self(Arc::new(key.map_err(|_| KeyError::Rejected)?)))
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(
                &signature::RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .unwrap_or_else(|_| unreachable!("a key of a checked size signs a hash"));
        signature
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

/// The App, which makes its JWTs.
#[derive(Debug)]
pub(super) struct Application {
    id: u64,
    key: Key,
    clock: fn() -> DateTime<Utc>,
    last: Mutex<Option<Assertion>>,
}

#[derive(Clone, Debug)]
struct Assertion {
    made: DateTime<Utc>,
    token: SecretString,
}

impl Application {
    pub fn new(id: u64, key: Key, clock: fn() -> DateTime<Utc>) -> Self {
        Self {
            id,
            key,
            clock,
            last: Mutex::default(),
        }
    }

    /// A JWT that GitHub takes for four minutes at least.
    pub fn assertion(&self) -> SecretString {
        let now = (self.clock)();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = last
            .as_ref()
            .filter(|last| (TimeDelta::zero()..USED_FOR).contains(&(now - last.made)));
        if let Some(usable) = usable {
            return usable.token.clone();
        }
        let token = self.make(now);
        *last = Some(Assertion {
            made: now,
            token: token.clone(),
        });
        token
    }

    fn make(&self, now: DateTime<Utc>) -> SecretString {
        let encoded = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encoded(json!({ "alg": "RS256", "typ": "JWT" }));
        let claims = encoded(json!({
            "iat": (now - EARLIER).timestamp(),
            "exp": (now + LIFETIME).timestamp(),
            "iss": self.id.to_string(),
        }));
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        SecretString::from(format!("{signed}.{signature}"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    pub const PKCS1: &str = include_str!("fixtures/keys/pkcs1.pem");
    pub const SMALL: &str = include_str!("fixtures/keys/small.pem");
    const PKCS8: &str = include_str!("fixtures/keys/pkcs8.pem");
    const PUBLIC: &str = include_str!("fixtures/keys/public.pem");
    const ELLIPTIC: &str = include_str!("fixtures/keys/ec.pem");

    fn key(pem: &str) -> Result<Key, KeyError> {
        Key::read(&SecretString::from(pem))
    }

    #[test]
    fn only_a_strong_private_rsa_key_is_taken() {
        assert!(key(PKCS1).is_ok());
        assert!(key(PKCS8).is_ok());
        assert!(key(&PKCS1.trim().replace('\n', "\\n")).is_ok(), "in one line");
        assert_eq!(key(SMALL).unwrap_err(), KeyError::Rejected);
        assert_eq!(key(ELLIPTIC).unwrap_err(), KeyError::Rejected);
        assert_eq!(key(PUBLIC).unwrap_err(), KeyError::Pem);
        assert_eq!(key("").unwrap_err(), KeyError::Pem);
        assert_eq!(key(&PKCS1.replace('\n', " ")).unwrap_err(), KeyError::Pem);
    }

    #[test]
    fn a_jwt_is_what_github_documents() {
        let key = key(PKCS1).unwrap();
        let application = Application::new(42, key.clone(), || DateTime::from_timestamp(10_000, 0).unwrap());
        let token = application.assertion();
        let (signed, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.0.public().as_ref());
        public
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let decoded = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(decoded(header)["alg"], "RS256");
        assert_eq!(decoded(claims), json!({ "iat": 9_940, "exp": 10_540, "iss": "42" }));
    }

    #[test]
    fn a_jwt_is_used_again_for_some_minutes() {
        static NOW: AtomicI64 = AtomicI64::new(10_000);
        let clock = || DateTime::from_timestamp(NOW.load(Ordering::SeqCst), 0).unwrap();
        let application = Application::new(42, key(PKCS1).unwrap(), clock);
        let first = application.assertion();
        let at = |seconds: i64| {
            NOW.store(seconds, Ordering::SeqCst);
            application.assertion()
        };
        assert_eq!(at(10_299).expose_secret(), first.expose_secret());
        assert_ne!(at(10_300).expose_secret(), first.expose_secret());
        assert_ne!(
            at(9_000).expose_secret(),
            first.expose_secret(),
            "the clock was set back"
        );
    }
}
