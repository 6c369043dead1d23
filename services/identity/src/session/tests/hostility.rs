//! Tokens that are refused, each for its own reason.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::{
    super::{Error, Sessions},
    instance::{Instance, NOW, PARTY, SigningKey, maya, message},
};

/// A key that Clerk publishes, and a verifier that has it already.
struct World {
    key: SigningKey,
    clerk: Instance,
    sessions: Sessions,
}

impl World {
    async fn start() -> Self {
        let key = SigningKey::first();
        let clerk = Instance::start(&[&key]).await;
        let sessions = clerk.sessions();
        let good = key.token(&clerk.claims());
        assert_eq!(sessions.verify(&good).await, Ok(maya()));
        Self { key, clerk, sessions }
    }

    #[track_caller]
    fn refuses(&self, token: &str, expected: Error) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move {
            assert_eq!(self.sessions.verify(token).await, Err(expected), "{token} at {at}");
        }
    }

    /// A token of Clerk's own that says something else.
    fn says(&self, changes: Value) -> String {
        self.key.token(&self.clerk.claims_with(changes))
    }

    fn header(&self, changes: &Value) -> Value {
        let mut header = self.key.header();
        for (name, value) in changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        header
    }
}

#[tokio::test]
async fn no_signature_at_all() {
    let world = World::start().await;
    let claims = world.clerk.claims();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = message(&world.header(&json!({ "alg": alg })), &claims);
        world.refuses(&format!("{unsigned}."), Error::Algorithm).await;
        // Nor with the signature of something else.
        let good = world.key.token(&claims);
        let signature = good.rsplit_once('.').unwrap().1;
        world
            .refuses(&format!("{unsigned}.{signature}"), Error::Algorithm)
            .await;
    }
    let mut header = world.key.header();
    header.as_object_mut().unwrap().remove("alg");
    world
        .refuses(&world.key.token_with(&header, &claims), Error::Algorithm)
        .await;
    // The right algorithm with nothing behind it.
    let unsigned = message(&world.key.header(), &claims);
    world.refuses(&format!("{unsigned}."), Error::Signature).await;
}

#[tokio::test]
async fn the_public_key_taken_for_the_secret_of_an_hmac() {
    let world = World::start().await;
    let unsigned = message(&world.header(&json!({"alg": "HS256"})), &world.clerk.claims());
    let jwk = world.key.jwk();
    let modulus = jwk["n"].as_str().unwrap();
    for secret in [world.key.public(), modulus.as_bytes(), jwk.to_string().as_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), unsigned.as_bytes());
        let token = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(tag));
        world.refuses(&token, Error::Algorithm).await;
    }
}

#[tokio::test]
async fn another_algorithm() {
    let world = World::start().await;
    for alg in ["RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256"] {
        let token = world
            .key
            .token_with(&world.header(&json!({ "alg": alg })), &world.clerk.claims());
        world.refuses(&token, Error::Algorithm).await;
    }
}

#[tokio::test]
async fn a_key_that_nobody_knows() {
    let world = World::start().await;
    let stranger = SigningKey::second();
    world
        .refuses(&stranger.token(&world.clerk.claims()), Error::UnknownKey)
        .await;
    let mut header = world.key.header();
    header.as_object_mut().unwrap().remove("kid");
    world
        .refuses(&world.key.token_with(&header, &world.clerk.claims()), Error::UnknownKey)
        .await;
}

#[tokio::test]
async fn the_name_of_a_key_that_did_not_sign() {
    let world = World::start().await;
    let forged = SigningKey::second().token_with(&world.key.header(), &world.clerk.claims());
    world.refuses(&forged, Error::Signature).await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along() {
    let world = World::start().await;
    let stranger = SigningKey::second();
    let brought = json!({
        "jwk": stranger.jwk(),
        "jku": format!("{}/.well-known/jwks.json", world.clerk.issuer()),
        "x5u": "https://attacker.example/certificate.pem",
        "x5c": ["MIIC"],
    });
    let asked = world.clerk.asked();
    let under_clerks_name = stranger.token_with(&world.header(&brought), &world.clerk.claims());
    world.refuses(&under_clerks_name, Error::Signature).await;
    assert_eq!(world.clerk.asked(), asked);
    let mut header = world.header(&brought);
    header["kid"] = stranger.id.into();
    let under_its_own = stranger.token_with(&header, &world.clerk.claims());
    world.refuses(&under_its_own, Error::UnknownKey).await;
    // What a token brings along makes a good one no worse.
    let good = world.key.token_with(&world.header(&brought), &world.clerk.claims());
    assert_eq!(world.sessions.verify(&good).await, Ok(maya()));
}

#[tokio::test]
async fn a_published_key_of_another_type() {
    let key = SigningKey::first();
    let clerk = Instance::start(&[]).await;
    let secret = b"0123456789abcdef0123456789abcdef";
    let symmetric = json!({"kty": "oct", "kid": key.id, "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(secret)});
    let mut encrypting = key.jwk();
    encrypting["use"] = "enc".into();
    for jwk in [symmetric, encrypting] {
        let body = json!({ "keys": [jwk] }).to_string();
        clerk.answer(axum::http::StatusCode::OK, &body);
        let sessions = clerk.sessions();
        let verified = sessions.verify(&key.token(&clerk.claims())).await;
        assert_eq!(verified, Err(Error::UnknownKey), "{body}");
        let unsigned = message(&json!({"alg": "HS256", "kid": key.id}), &clerk.claims());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), unsigned.as_bytes());
        let token = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(sessions.verify(&token).await, Err(Error::Algorithm));
    }
}

#[tokio::test]
async fn an_altered_payload() {
    let world = World::start().await;
    let good = world.key.token(&world.clerk.claims());
    let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}")
    };
    for change in [
        json!({"sub": "user_eve"}),
        json!({"o": {"id": "org_globex"}}),
        json!({"exp": NOW + 86_400}),
    ] {
        let altered = URL_SAFE_NO_PAD.encode(world.clerk.claims_with(change).to_string());
        world
            .refuses(&format!("{header}.{altered}.{signature}"), Error::Signature)
            .await;
    }
    // A signature belongs to its header too.
    let other = URL_SAFE_NO_PAD.encode(world.header(&json!({"typ": "jwt"})).to_string());
    let payload = good.split('.').nth(1).unwrap();
    world
        .refuses(&format!("{other}.{payload}.{signature}"), Error::Signature)
        .await;
}

#[tokio::test]
async fn a_time_that_is_over_or_has_not_come() {
    let world = World::start().await;
    for over in [
        json!(NOW - 5),
        json!(NOW - 86_400),
        json!(0),
        json!(i64::MIN),
        Value::Null,
    ] {
        world.refuses(&world.says(json!({"exp": over})), Error::Expired).await;
    }
    for early in [
        json!({"nbf": NOW + 60}),
        json!({"iat": NOW + 60}),
        json!({"nbf": i64::MAX}),
    ] {
        world.refuses(&world.says(early), Error::NotYet).await;
    }
    // It would be good for ever, and no moment is that late.
    world
        .refuses(&world.says(json!({"exp": i64::MAX})), Error::Malformed)
        .await;
}

#[tokio::test]
async fn another_issuer() {
    let world = World::start().await;
    let issuer = world.clerk.issuer();
    for iss in [
        json!("https://clerk.attacker.example"),
        json!(format!("{issuer}/")),
        json!(format!("{issuer}.attacker.example")),
        json!(""),
        Value::Null,
    ] {
        world.refuses(&world.says(json!({"iss": iss})), Error::Issuer).await;
    }
}

#[tokio::test]
async fn another_application() {
    let world = World::start().await;
    for azp in [
        json!("https://attacker.example"),
        json!(format!("{PARTY}.attacker.example")),
        json!(format!("{PARTY}/")),
        json!(""),
        Value::Null,
    ] {
        world
            .refuses(&world.says(json!({"azp": azp})), Error::AuthorizedParty)
            .await;
    }
}

#[tokio::test]
async fn nobody_or_no_session() {
    let world = World::start().await;
    for sub in [Value::Null, json!("")] {
        world.refuses(&world.says(json!({"sub": sub})), Error::NoSubject).await;
    }
    world.refuses(&world.says(json!({"sid": null})), Error::NoSession).await;
    let access = world
        .key
        .token_with(&world.header(&json!({"typ": "at+jwt"})), &world.clerk.claims());
    world.refuses(&access, Error::NoSession).await;
}

#[tokio::test]
async fn a_session_that_is_pending() {
    let world = World::start().await;
    world
        .refuses(&world.says(json!({"sts": "pending"})), Error::Pending)
        .await;
}

#[tokio::test]
async fn somebody_in_the_name_of_somebody_else() {
    let world = World::start().await;
    let act = json!({"act": {"iss": "https://dashboard.clerk.com", "sub": "user_support"}});
    world.refuses(&world.says(act), Error::Impersonation).await;
}

#[tokio::test]
async fn names_that_are_none() {
    let world = World::start().await;
    for change in [
        json!({"sub": "user.>"}),
        json!({"sub": "u".repeat(65)}),
        json!({"sid": "sess 1"}),
        json!({"o": {"id": "org.*"}}),
        json!({"o": {"id": "-"}}),
        json!({"o": {"id": ""}}),
        json!({"o": {"rol": "admin"}}),
        json!({"o": "org_acme"}),
        json!({"sub": 7}),
        json!({"exp": "tomorrow"}),
        json!({"v": "2"}),
    ] {
        world.refuses(&world.says(change), Error::Malformed).await;
    }
}

#[tokio::test]
async fn what_is_no_token() {
    let world = World::start().await;
    let good = world.key.token(&world.clerk.claims());
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}")
    };
    let not_json = URL_SAFE_NO_PAD.encode("not json");
    let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","alg":"RS256"}"#);
    for token in [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c".into(),
        "Bearer".into(),
        format!("{header}.{payload}"),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{not_json}.{payload}.{signature}"),
        format!("{twice}.{payload}.{signature}"),
        format!("{header}.{payload}.{}", "A".repeat(20_000)),
        "ä.ö.ü".into(),
    ] {
        world.refuses(&token, Error::Malformed).await;
    }
    let critical = world.header(&json!({"crit": ["exp"]}));
    let token = world.key.token_with(&critical, &world.clerk.claims());
    world.refuses(&token, Error::Malformed).await;
    // A payload that is signed and is no object.
    let token = world.key.token_with(&world.key.header(), &json!(["user_maya"]));
    world.refuses(&token, Error::Malformed).await;
}

#[tokio::test]
async fn no_character_of_a_token_can_be_changed() {
    let world = World::start().await;
    let good = world.key.token(&world.clerk.claims());
    for index in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(world.sessions.verify(&changed).await.is_err(), "{index}: {changed}");
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(token in "[A-Za-z0-9_.=-]{0,80}|.{0,40}") {
        use super::super::token::{Header, Token};
        if let Ok(token) = Token::split(&token)
            && let Ok(json) = token.header()
        {
            prop_assert!(Header::read(&json).is_err());
        }
    }
}
