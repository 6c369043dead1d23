use serde_json::{Value, json};

use super::{World, location};
use crate::Configuration;

const CALLBACK: &str = "http://127.0.0.1:9/callback?tenant=acme";

/// Allows the app in and returns the code.
pub(super) async fn code(world: &World, scope: &str, install: &str) -> String {
    let url = format!("{}/slack/oauth/v2/authorize", world.sandbox.url());
    let allowed = [
        ("client_id", "1111.2222"),
        ("scope", scope),
        ("redirect_uri", CALLBACK),
        ("state", "s 1"),
        ("decision", "allow"),
        ("install", install),
    ];
    let (place, mut parameters) = location(&world.form(&url, &allowed).await);
    assert_eq!(place, "http://127.0.0.1:9/callback");
    assert_eq!((&*parameters["tenant"], &*parameters["state"]), ("acme", "s 1"));
    parameters.remove("code").unwrap()
}

pub(super) async fn access(world: &World, fields: &[(&str, &str)]) -> Value {
    let url = format!("{}/oauth.v2.access", world.sandbox.slack_api_url());
    let client = world.client.post(url);
    let request = client.basic_auth("1111.2222", Some("sandbox-slack-client-secret"));
    request.form(fields).send().await.unwrap().json().await.unwrap()
}

pub(super) async fn call(world: &World, token: &str, method: &str, arguments: Value) -> Value {
    let url = format!("{}/{method}", world.sandbox.slack_api_url());
    let request = world.client.post(url).bearer_auth(token).json(&arguments);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_consent_leads_to_tokens_that_rotate() {
    let world = World::start().await;
    let code = code(&world, "chat:write,channels:read", "workspace").await;
    let refused = access(&world, &[("code", &code), ("redirect_uri", "http://127.0.0.1:9/other")]).await;
    assert_eq!(refused, json!({ "ok": false, "error": "bad_redirect_uri" }));
    let exchange = [("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let first = access(&world, &exchange).await;
    assert_eq!(access(&world, &exchange).await["error"], "code_already_used");
    let expected = json!({
        "ok": true, "app_id": "A0INFRAGPT", "authed_user": { "id": "U0MAYA" }, "scope": "chat:write,channels:read",
        "token_type": "bot", "access_token": first["access_token"], "bot_user_id": "U0INFRAGPT",
        "team": { "id": "T0ACME", "name": "Acme" }, "enterprise": null, "is_enterprise_install": false,
        "refresh_token": first["refresh_token"], "expires_in": 43200,
    });
    assert_eq!(first, expected);
    let token = first["access_token"].as_str().unwrap();
    assert!(token.starts_with("xoxe.xoxb-"));

    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ];
    let second = access(&world, &refresh).await;
    assert_eq!(access(&world, &refresh).await["error"], "invalid_refresh_token");
    for token in [token, second["access_token"].as_str().unwrap()] {
        assert_eq!(call(&world, token, "auth.test", json!({})).await["team_id"], "T0ACME");
    }
    let tokens = || async { world.control("state", json!({})).await["slack_tokens"].clone() };
    assert_eq!(tokens().await, json!({ "count": 2, "active": 2 }));
    assert_eq!(world.control("expire_tokens", json!({})).await["expired"], 2);
    assert_eq!(tokens().await, json!({ "count": 2, "active": 0 }));
    assert_eq!(
        call(&world, token, "auth.test", json!({})).await["error"],
        "token_expired"
    );
    assert_eq!(world.slack("auth.test", json!({})).await["ok"], true);
}

#[tokio::test]
async fn every_wrong_exchange_has_its_word() {
    let world = World::start().await;
    let (id, secret) = ("1111.2222", "sandbox-slack-client-secret");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("client_id", "3"), ("client_secret", secret)], "invalid_client_id"),
        (&[("client_id", id), ("client_secret", "3")], "bad_client_secret"),
        (&[("client_id", id), ("client_secret", secret)], "invalid_code"),
        (
            &[("client_id", id), ("client_secret", secret), ("code", "3")],
            "invalid_code",
        ),
        (
            &[
                ("client_id", id),
                ("client_secret", secret),
                ("grant_type", "refresh_token"),
            ],
            "invalid_refresh_token",
        ),
        (
            &[("client_id", id), ("client_secret", secret), ("grant_type", "password")],
            "invalid_grant_type",
        ),
    ];
    let url = format!("{}/oauth.v2.access", world.sandbox.slack_api_url());
    for (fields, word) in cases {
        let answer: Value = world.form(&url, fields).await.json().await.unwrap();
        assert_eq!(answer, json!({ "ok": false, "error": word }));
    }
    let state = world.control("state", json!({})).await;
    assert_eq!(state["calls"].as_array().unwrap().len(), 6);
    assert_eq!(state["calls"][5]["error"], "invalid_grant_type");
}

#[tokio::test]
async fn scopes_bind_and_can_be_fewer_than_asked() {
    let world = World::start().await;
    world
        .control("next_consent", json!({ "scopes": ["channels:read"] }))
        .await;
    let code = code(&world, "chat:write,channels:read", "workspace").await;
    let issued = access(&world, &[("code", &code), ("redirect_uri", CALLBACK)]).await;
    assert_eq!(issued["scope"], "channels:read");
    let token = issued["access_token"].as_str().unwrap();
    let listed = call(&world, token, "users.conversations", json!({ "limit": 1 })).await;
    assert_eq!(listed["response_metadata"]["next_cursor"], "next:1");
    let wrong = call(&world, token, "conversations.list", json!({ "cursor": "x" })).await;
    assert_eq!(wrong["error"], "invalid_cursor");
    for (method, needed) in [
        ("chat.postMessage", "chat:write"),
        ("chat.update", "chat:write"),
        ("chat.delete", "chat:write"),
        ("conversations.history", "channels:history"),
        ("conversations.replies", "channels:history"),
        ("reactions.add", "reactions:write"),
    ] {
        let refused = call(&world, token, method, json!({ "channel": "C0OPS", "text": "a" })).await;
        let expected = json!({ "ok": false, "error": "missing_scope", "needed": needed, "provided": "channels:read" });
        assert_eq!(refused, expected, "{method}");
    }
    let url = format!("{}/auth.test", world.sandbox.slack_api_url());
    let response = world.client.post(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.headers()["x-oauth-scopes"], "channels:read");
}

#[tokio::test]
async fn an_organizations_token_names_no_workspace() {
    let mut configuration = Configuration::default();
    configuration.slack.token_rotation = false;
    let world = World::with(configuration).await;
    let code = code(&world, "channels:read", "organization").await;
    let issued = access(&world, &[("code", &code), ("redirect_uri", CALLBACK)]).await;
    assert_eq!(
        (&issued["team"], &issued["enterprise"], &issued["is_enterprise_install"]),
        (
            &Value::Null,
            &json!({ "id": "E0ACME", "name": "Acme Group" }),
            &json!(true)
        )
    );
    assert_eq!((issued.get("refresh_token"), issued.get("expires_in")), (None, None));
    let token = issued["access_token"].as_str().unwrap();
    assert!(token.starts_with("xoxb-"));
    let me = call(&world, token, "auth.test", json!({})).await;
    assert_eq!(
        (&me["enterprise_id"], &me["team_id"]),
        (&json!("E0ACME"), &json!("E0ACME"))
    );
    let list = |arguments| call(&world, token, "conversations.list", arguments);
    assert_eq!(list(json!({})).await["error"], "missing_argument");
    let team = call(&world, token, "auth.teams.list", json!({})).await["teams"][0]["id"].clone();
    assert_eq!(list(json!({ "team_id": team })).await["channels"][0]["id"], "C0OPS");
}

#[tokio::test]
async fn the_consent_page_escapes_and_never_redirects_to_strangers() {
    let mut configuration = Configuration::default();
    configuration.slack.redirect_uris = vec!["https://app.example.com/slack".into()];
    let world = World::with(configuration).await;
    let url = format!("{}/slack/oauth/v2/authorize", world.sandbox.url());
    let asked = |changed: (&'static str, &'static str)| {
        let mut fields = vec![
            ("client_id", "1111.2222"),
            ("scope", "chat:write"),
            ("redirect_uri", "https://app.example.com/slack/callback"),
            ("state", "\"><script>alert(1)</script>"),
        ];
        fields.retain(|(name, _)| *name != changed.0);
        fields.push(changed);
        fields
    };
    let page = |fields: Vec<(&'static str, &'static str)>| {
        let query = serde_urlencoded::to_string(fields).unwrap();
        let request = world.client.get(format!("{url}?{query}"));
        async { request.send().await.unwrap() }
    };
    let shown = page(asked(("team", "T0ACME"))).await;
    assert_eq!(shown.status(), 200);
    let html = shown.text().await.unwrap();
    assert!(
        html.contains("<code>chat:write</code>") && html.contains("&lt;script&gt;"),
        "{html}"
    );
    assert!(!html.contains("<script"));
    for wrong in [
        ("client_id", "1"),
        ("scope", ""),
        ("redirect_uri", "https://app.example.com/slackers"),
        ("redirect_uri", "https://app.example.com.evil.example/slack"),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
    ] {
        assert_eq!(page(asked(wrong)).await.status(), 400, "{wrong:?}");
        let mut decided = asked(wrong);
        decided.push(("decision", "allow"));
        assert_eq!(world.form(&url, &decided).await.status(), 400, "{wrong:?}");
    }
    let mut denied = asked(("state", "s"));
    denied.push(("decision", "deny"));
    let (place, parameters) = location(&world.form(&url, &denied).await);
    assert_eq!(place, "https://app.example.com/slack/callback");
    assert_eq!(
        (&*parameters["error"], &*parameters["state"], parameters.get("code")),
        ("access_denied", "s", None)
    );
}

#[tokio::test]
async fn an_exchange_whose_answer_breaks_has_used_its_code() {
    let world = World::start().await;
    let code = code(&world, "chat:write", "workspace").await;
    let url = format!("{}/oauth.v2.access", world.sandbox.slack_api_url());
    let exchange = [("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let fault = |kind: &str| json!({ "method": "oauth.v2.access", "kind": kind });
    let send = || {
        let request = world.client.post(&url);
        let request = request.basic_auth("1111.2222", Some("sandbox-slack-client-secret"));
        async { request.form(&exchange).send().await.unwrap() }
    };
    world.control("fault", fault("empty")).await;
    assert_eq!(send().await.text().await.unwrap(), "");
    world.control("fault", fault("half")).await;
    let half = send().await.text().await.unwrap();
    assert!(half.starts_with('{') && serde_json::from_str::<Value>(&half).is_err());
    assert_eq!(access(&world, &exchange).await["error"], "code_already_used");
}
