use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use super::super::{Session, Sessions, keys::Pace};
use crate::Configuration;

/// The time at which everything here happens, in seconds.
pub const NOW: i64 = 1_800_000_000;

pub const PARTY: &str = "https://app.acme.example";

pub fn clock() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// A private key with the name that tokens give it.
pub struct SigningKey {
    pub id: &'static str,
    pair: RsaKeyPair,
}

impl SigningKey {
    pub fn first() -> Self {
        Self::read("ins_first", include_str!("keys/first.pem"))
    }

    pub fn second() -> Self {
        Self::read("ins_second", include_str!("keys/second.pem"))
    }

    fn read(id: &'static str, pem: &str) -> Self {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
        Self { id, pair }
    }

    /// The public key as DER, which some verifiers take for the secret of an HMAC.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn jwk(&self) -> Value {
        let public: PublicKeyComponents<Vec<u8>> = self.pair.public().into();
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "use": "sig", "kty": "RSA", "kid": self.id, "alg": "RS256",
            "n": encoded(&public.n), "e": encoded(&public.e),
        })
    }

    pub fn header(&self) -> Value {
        json!({"alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": self.id, "typ": "JWT"})
    }

    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&self.header(), claims)
    }

    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What is signed.
pub fn message(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// A Clerk instance that publishes keys.
pub struct Instance {
    address: SocketAddr,
    published: Arc<Published>,
}

struct Published {
    body: Mutex<(StatusCode, String)>,
    asked: AtomicUsize,
    delay: Mutex<Duration>,
}

impl Instance {
    pub async fn start(keys: &[&SigningKey]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let published = Arc::new(Published {
            body: Mutex::new((StatusCode::OK, String::new())),
            asked: AtomicUsize::new(0),
            delay: Mutex::new(Duration::ZERO),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/clerk/.well-known/jwks.json", get(jwks))
            .with_state(Arc::clone(&published));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let instance = Self { address, published };
        instance.publish(keys);
        instance
    }

    pub fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.answer(StatusCode::OK, &json!({ "keys": keys }).to_string());
    }

    pub fn answer(&self, status: StatusCode, body: &str) {
        *lock(&self.published.body) = (status, body.to_owned());
    }

    pub fn delay(&self, delay: Duration) {
        *lock(&self.published.delay) = delay;
    }

    /// How often the keys were asked for.
    pub fn asked(&self) -> usize {
        self.published.asked.load(Ordering::SeqCst)
    }

    pub fn issuer(&self) -> String {
        format!("http://{}/clerk", self.address)
    }

    pub fn sessions(&self) -> Sessions {
        self.sessions_paced(|_| {})
    }

    pub fn sessions_paced(&self, change: impl FnOnce(&mut Pace)) -> Sessions {
        let mut pace = Pace::default();
        change(&mut pace);
        let configuration: Configuration = serde_json::from_value(json!({
            "issuer": self.issuer(),
            "authorized_parties": format!("https://console.acme.example, {PARTY}"),
            "max_body_bytes": 1_000,
        }))
        .unwrap();
        Sessions::paced(&configuration, clock, pace).unwrap().unwrap()
    }

    /// What a session token says, as Clerk writes it since version 2.
    pub fn claims(&self) -> Value {
        json!({
            "azp": PARTY, "exp": NOW + 60, "fva": [9, -1], "iat": NOW, "iss": self.issuer(), "jti": "0123456789",
            "nbf": NOW - 10, "o": {"id": "org_acme", "rol": "admin", "slg": "acme"}, "sid": "sess_1", "sts": "active",
            "sub": "user_maya", "v": 2,
        })
    }

    pub fn claims_with(&self, changes: Value) -> Value {
        let mut claims = self.claims();
        let claims_map = claims.as_object_mut().unwrap();
        let Value::Object(changes) = changes else {
            panic!("{changes}")
        };
        for (name, value) in changes {
            if value.is_null() {
                claims_map.remove(&name);
            } else {
                claims_map.insert(name, value);
            }
        }
        claims
    }
}

async fn jwks(State(published): State<Arc<Published>>) -> impl IntoResponse {
    published.asked.fetch_add(1, Ordering::SeqCst);
    let delay = *lock(&published.delay);
    tokio::time::sleep(delay).await;
    lock(&published.body).clone()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// Who `claims` of [`Instance::claims`] say somebody is.
pub fn maya() -> Session {
    Session {
        user: "user_maya".into(),
        id: "sess_1".into(),
        organization: Some(infragpt_events::OrganizationId::parse("org_acme").unwrap()),
        expires_at: DateTime::from_timestamp(NOW + 60, 0).unwrap(),
    }
}
