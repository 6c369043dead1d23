//! Sessions that somebody made up: no route is reached with one.

use axum::{
    body::Body,
    http::{Method, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    installation::{Installation, request},
    log::two_organizations,
};

/// The token with other claims, and the signature that it had.
fn with_claims(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("{token}");
    };
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    change(&mut claims);
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

#[tokio::test]
async fn a_session_can_not_be_led_into_another_organization() {
    let installation = Installation::start().await;
    installation.apply(two_organizations()).await;
    let token = installation.token("user_maya", Some("acme"));
    let unsigned = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
    let payload = token.split('.').nth(1).unwrap();
    for forged in [
        with_claims(&token, |claims| claims["o"]["id"] = "globex".into()),
        with_claims(&token, |claims| claims["sub"] = "user_gus".into()),
        with_claims(&token, |claims| claims["exp"] = 4_102_444_800_i64.into()),
        format!("{unsigned}.{payload}."),
    ] {
        let asked = request(Method::GET, "/changes").header(header::AUTHORIZATION, format!("Bearer {forged}"));
        installation
            .send(asked.body(Body::empty()).unwrap())
            .await
            .expect(401)
            .detail();
    }
    // No header and no parameter names another organization.
    let maya = installation.maya();
    let headers = [
        ("x-organization", "globex"),
        ("organization", "globex"),
        ("infragpt-organization", "globex"),
    ];
    let own = maya.get_with("/organization", &headers).await.expect(200).json();
    assert_eq!(own["id"], "acme");
    maya.get("/changes?organization=globex").await.expect(400).detail();
    maya.get("/changes?organization_id=globex").await.expect(400).detail();
}
