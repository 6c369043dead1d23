use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents},
};
use serde_json::{Value, json};

use super::World;
use crate::{Configuration, SessionError};

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Header and claims of a token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.');
    (decoded(parts.next().unwrap()), decoded(parts.next().unwrap()))
}

impl World {
    async fn jwks(&self) -> Value {
        let url = format!("{}/.well-known/jwks.json", self.sandbox.clerk_issuer());
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn session(&self, body: Value) -> String {
        let answer = self.control("clerk_session", body).await;
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Whether one of the keys that are served signed it, going by its `kid`.
    async fn is_signed(&self, token: &str) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let header = parts(token).0;
        let jwks = self.jwks().await;
        let mut keys = jwks["keys"].as_array().unwrap().iter();
        let Some(key) = keys.find(|key| key["kid"] == header["kid"]) else {
            return false;
        };
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let key = RsaPublicKeyComponents {
            n: number("n"),
            e: number("e"),
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let algorithm = if header["alg"] == "RS512" {
            &RSA_PKCS1_2048_8192_SHA512
        } else {
            &RSA_PKCS1_2048_8192_SHA256
        };
        key.verify(algorithm, signed.as_bytes(), &signature).is_ok()
    }
}

#[tokio::test]
async fn a_token_says_who_somebody_is() {
    let mut configuration = Configuration::default();
    configuration.clerk.app_origins = vec!["http://127.0.0.1:8080/".into(), "http://localhost:3000".into()];
    let world = World::with(configuration).await;
    let sandbox = &world.sandbox;
    let token = sandbox
        .session_token("user_tom", Some("acme"), Duration::from_hours(1))
        .unwrap();
    assert!(world.is_signed(&token).await);
    let (header, claims) = parts(&token);
    assert_eq!(
        header,
        json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": "ins_sandbox1", "typ": "JWT" })
    );
    assert_eq!(claims["iss"], format!("{}/clerk", sandbox.url()));
    assert_eq!(
        (&claims["sub"], &claims["azp"]),
        (&json!("user_tom"), &json!("http://127.0.0.1:8080"))
    );
    assert_eq!(
        (&claims["v"], &claims["sts"], &claims["fva"]),
        (&json!(2), &json!("active"), &json!([0, -1]))
    );
    assert_eq!(claims["o"]["rol"], "member");
    let time = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!((time("exp") - time("iat"), time("iat") - time("nbf")), (3600, 10));
    assert!(claims["sid"].as_str().unwrap().starts_with("sess_"));

    let alone = parts(&sandbox.session_token("user_tom", None, Duration::ZERO).unwrap()).1;
    assert_eq!(
        (alone.get("o"), alone["exp"].as_i64() > alone["iat"].as_i64()),
        (None, true)
    );
    assert_eq!(
        sandbox.session_token("user_eve", None, Duration::ZERO),
        Err(SessionError::Nobody("user_eve".into()))
    );
    let foreign = sandbox.session_token("user_gus", Some("acme"), Duration::ZERO);
    assert_eq!(foreign.unwrap_err().to_string(), "`user_gus` is no member of `acme`");
}

#[tokio::test]
async fn tokens_outlive_a_rotation_for_a_while() {
    let world = World::start().await;
    let old = world.session(json!({ "user": "user_maya" })).await;
    let rotated = world.control("clerk_rotate_key", json!({})).await;
    assert_eq!(
        rotated,
        json!({ "kid": "ins_sandbox2", "kids": ["ins_sandbox2", "ins_sandbox1"] })
    );
    let new = world.session(json!({ "user": "user_maya" })).await;
    assert_eq!(parts(&new).0["kid"], "ins_sandbox2");
    assert_eq!((world.is_signed(&old).await, world.is_signed(&new).await), (true, true));
    let other = world.session(json!({ "user": "user_maya", "key": "other" })).await;
    assert_eq!((parts(&other).0, world.is_signed(&other).await), (parts(&old).0, true));

    world.control("reset", json!({})).await;
    assert_eq!(
        (world.is_signed(&old).await, world.is_signed(&new).await),
        (true, false)
    );
    let rotated = world.control("clerk_rotate_key", json!({ "keep_seconds": 0 })).await;
    assert_eq!(rotated["kids"], json!(["ins_sandbox2"]));
    assert_eq!(
        (world.is_signed(&old).await, world.is_signed(&new).await),
        (false, true)
    );
}

#[tokio::test]
async fn a_token_outlives_a_restart() {
    let world = World::start().await;
    let listen = world.sandbox.url().trim_start_matches("http://").parse().unwrap();
    let token = world.session(json!({ "user": "user_maya", "lifetime": 600 })).await;
    world.sandbox.stop().await;
    let world = World::with(Configuration {
        listen,
        ..Configuration::default()
    })
    .await;
    assert!(world.is_signed(&token).await);
    assert_eq!(parts(&token).1["iss"], world.sandbox.clerk_issuer());
}

#[tokio::test]
async fn bad_tokens_are_bad_in_one_way() {
    let world = World::start().await;
    let session = |body: Value| world.session(body);
    let expired = parts(&session(json!({ "user": "user_maya", "lifetime": -5 })).await).1;
    assert_eq!(expired["exp"].as_i64().unwrap() - expired["iat"].as_i64().unwrap(), 60);
    let pending = json!({ "user": "user_maya", "status": "pending", "azp": "https://evil.example", "version": 1 });
    let pending = parts(&session(pending).await).1;
    assert_eq!(
        (&pending["sts"], &pending["azp"], pending.get("v")),
        (&json!("pending"), &json!("https://evil.example"), None)
    );

    let unsigned = session(json!({ "user": "user_maya", "alg": "none" })).await;
    assert!(unsigned.ends_with('.') && parts(&unsigned).0["alg"] == "none");
    let stranger = session(json!({ "user": "user_maya", "key": "stranger" })).await;
    assert_eq!(
        (&parts(&stranger).0["kid"], world.is_signed(&stranger).await),
        (&json!("ins_sandbox1"), false)
    );
    let other = session(json!({ "user": "user_maya", "key": "other" })).await;
    assert_eq!(
        (&parts(&other).0["kid"], world.is_signed(&other).await),
        (&json!("ins_sandbox2"), false)
    );
    let other = session(json!({ "user": "user_maya", "alg": "RS512" })).await;
    assert!(parts(&other).0["alg"] == "RS512" && world.is_signed(&other).await);

    let patched =
        json!({ "user": "user_maya", "header": { "kid": null, "crit": ["x"] }, "claims": { "sub": null, "iss": "x" } });
    let (header, claims) = parts(&session(patched).await);
    assert_eq!((header.get("kid"), &header["crit"]), (None, &json!(["x"])));
    assert_eq!((claims.get("sub"), &claims["iss"]), (None, &json!("x")));

    let made_up = json!({ "user": "user_gus", "organization": "acme", "role": "admin" });
    assert_eq!(parts(&session(made_up).await).1["o"]["rol"], "admin");
    for body in [
        r#"{"user":"user_gus","organization":"acme"}"#,
        r#"{"user":"user_eve"}"#,
        r#"{"user":"user_gus","version":3}"#,
        r#"{"user":"user_gus","alg":"ES256"}"#,
    ] {
        assert_eq!(world.control_raw("clerk_session", body.into()).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn the_public_key_can_be_taken_for_a_secret() {
    let world = World::start().await;
    let token = world.session(json!({ "user": "user_maya", "alg": "HS256" })).await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let n = world.jwks().await["keys"][0]["n"].as_str().unwrap().to_owned();
    let before = hex::decode("30820122300d06092a864886f70d01010105000382010f003082010a0282010100").unwrap();
    let n = URL_SAFE_NO_PAD.decode(n).unwrap();
    let der = STANDARD.encode([&before[..], &n, &[2, 3, 1, 0, 1]].concat());
    let lines: Vec<&str> = (0..der.len())
        .step_by(64)
        .map(|at| &der[at..der.len().min(at + 64)])
        .collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    );
    let secret = hmac::Key::new(hmac::HMAC_SHA256, pem.as_bytes());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(hmac::verify(&secret, signed.as_bytes(), &signature).is_ok());
}

#[tokio::test]
async fn keys_are_served_with_faults_and_counted() {
    let world = World::start().await;
    let url = format!("{}/v1/jwks", world.sandbox.clerk_issuer());
    let ask = |key: &'static str| {
        let request = world.client.get(&url).bearer_auth(key);
        async { request.send().await.unwrap() }
    };
    assert_eq!(
        ask("sk_test_sandbox").await.json::<Value>().await.unwrap(),
        world.jwks().await
    );
    let refused = ask("sk_test_other").await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.json::<Value>().await.unwrap()["errors"][0]["code"],
        "secret_key_invalid"
    );
    for (kind, status) in [("status", 503), ("error", 500), ("rate_limit", 429)] {
        world
            .control("fault", json!({ "method": "clerk.jwks", "kind": kind }))
            .await;
        assert_eq!(ask("sk_test_sandbox").await.status(), status, "{kind}");
    }
    let state = world.control("state", json!({})).await;
    let calls = state["calls"].as_array().unwrap().iter();
    assert_eq!(calls.filter(|call| call["method"] == "clerk.jwks").count(), 6);
    assert_eq!(
        (&state["clerk"]["kid"], &state["clerk"]["users"][2]),
        (&json!("ins_sandbox1"), &json!("user_gus"))
    );
}
