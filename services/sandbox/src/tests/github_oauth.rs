use reqwest::Method;
use serde_json::{Value, json};

use super::{World, location};
use crate::{Configuration, GithubPerson};

const CLIENT: (&str, &str) = ("client_id", "Iv23sandbox100042");
const SECRET: (&str, &str) = ("client_secret", "sandbox-github-client-secret");
const CALLBACK: (&str, &str) = ("redirect_uri", "http://127.0.0.1:9/callback?a=b");

async fn code(world: &World, login: &str, more: &[(&str, &str)]) -> String {
    let mut fields = vec![
        CLIENT,
        CALLBACK,
        ("state", "s"),
        ("login", login),
        ("decision", "authorize"),
    ];
    fields.extend(more);
    let (place, mut parameters) = location(&world.form(&world.page("/login/oauth/authorize"), &fields).await);
    assert_eq!(place, "http://127.0.0.1:9/callback");
    assert_eq!((&*parameters["a"], &*parameters["state"]), ("b", "s"));
    parameters.remove("code").unwrap()
}

async fn exchange(world: &World, fields: &[(&str, &str)]) -> Value {
    let url = world.page("/login/oauth/access_token");
    let request = world.client.post(url).header("Accept", "application/json").form(fields);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn token(world: &World, login: &str) -> String {
    let code = code(world, login, &[]).await;
    let issued = exchange(world, &[CLIENT, SECRET, ("code", &code)]).await;
    issued["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_authorizes_the_app() {
    let world = World::start().await;
    let code = code(&world, "tom", &[]).await;
    let right = [CLIENT, SECRET, CALLBACK, ("code", &code)];
    let wrong: [(&[(&str, &str)], &str); 4] = [
        (
            &[CLIENT, ("client_secret", "x"), ("code", &code)],
            "incorrect_client_credentials",
        ),
        (
            &[("client_id", "x"), SECRET, ("code", &code)],
            "incorrect_client_credentials",
        ),
        (
            &[CLIENT, SECRET, ("code", &code), ("redirect_uri", "http://127.0.0.1:9/")],
            "redirect_uri_mismatch",
        ),
        (&[CLIENT, SECRET, ("code", "x")], "bad_verification_code"),
    ];
    for (fields, word) in wrong {
        let refused = exchange(&world, fields).await;
        assert_eq!(refused["error"], word);
        assert!(refused["error_description"].is_string());
    }
    let issued = exchange(&world, &right).await;
    assert_eq!(exchange(&world, &right).await["error"], "bad_verification_code");
    assert!(issued["access_token"].as_str().unwrap().starts_with("ghu_"));
    assert!(issued["refresh_token"].as_str().unwrap().starts_with("ghr_"));
    assert_eq!(
        (&issued["expires_in"], &issued["token_type"], &issued["scope"]),
        (&json!(28_800), &json!("bearer"), &json!(""))
    );
    let (_, user) = world.get("/user", issued["access_token"].as_str().unwrap()).await;
    assert_eq!((&user["login"], &user["type"]), (&json!("tom"), &json!("User")));
    let refresh = [
        CLIENT,
        SECRET,
        ("grant_type", "refresh_token"),
        ("refresh_token", issued["refresh_token"].as_str().unwrap()),
    ];
    assert!(exchange(&world, &refresh).await["access_token"].is_string());
    assert_eq!(exchange(&world, &refresh).await["error"], "bad_refresh_token");
    assert_eq!(
        world.control("expire_tokens", json!({ "service": "github" })).await["expired"],
        2
    );
    let calls = world.control("state", json!({})).await["calls"].clone();
    let exchanges = calls
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["method"] == "github.oauth_token");
    assert_eq!(exchanges.count(), 8);
}

#[tokio::test]
async fn a_code_can_be_bound_to_a_verifier() {
    let world = World::start().await;
    // The example of RFC 7636, appendix B.
    let challenge = ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let verifier = ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let code = code(&world, "maya", &[challenge]).await;
    let refused = exchange(&world, &[CLIENT, SECRET, ("code", &code)]).await;
    assert_eq!(refused["error"], "bad_verification_code");
    let issued = exchange(&world, &[CLIENT, SECRET, ("code", &code), verifier]).await;
    assert_eq!(issued["token_type"], "bearer");
}

#[tokio::test]
async fn who_does_not_ask_for_json_gets_a_form() {
    let world = World::start().await;
    let url = world.page("/login/oauth/access_token");
    let text = world.form(&url, &[CLIENT]).await.text().await.unwrap();
    assert!(
        text.starts_with("error=incorrect_client_credentials&error_description=The"),
        "{text}"
    );
    let code = code(&world, "maya", &[]).await;
    let body = json!({ "client_id": CLIENT.1, "client_secret": SECRET.1, "code": code });
    let text = world
        .client
        .post(url)
        .json(&body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.starts_with("access_token=ghu_"), "{text}");
}

#[tokio::test]
async fn a_refused_authorization_goes_only_where_it_may() {
    let world = World::start().await;
    let url = world.page("/login/oauth/authorize");
    let cancelled = [CLIENT, CALLBACK, ("state", "s"), ("decision", "cancel")];
    let (_, parameters) = location(&world.form(&url, &cancelled).await);
    assert_eq!((&*parameters["error"], &*parameters["state"]), ("access_denied", "s"));
    assert!(parameters["error_description"].contains("denied"));
    let ask = |query: &'static str| {
        let request = world.client.get(format!("{url}?{query}"));
        async { request.send().await.unwrap() }
    };
    assert_eq!(ask("client_id=other").await.status(), 404);
    let stranger = "client_id=Iv23sandbox100042&state=s&redirect_uri=https%3A%2F%2Fevil.example%2F";
    assert_eq!(ask(stranger).await.status(), 400);
    let first = "https://app.example.com/callback";
    world.control("github_app", json!({ "callback_urls": [first] })).await;
    let (place, parameters) = location(&ask(stranger).await);
    assert_eq!(place, first);
    assert_eq!(
        (&*parameters["error"], &*parameters["state"]),
        ("redirect_uri_mismatch", "s")
    );
    assert_eq!(ask("client_id=Iv23sandbox100042").await.status(), 200);
}

#[tokio::test]
async fn a_person_sees_only_their_installations() {
    let mut configuration = Configuration::default();
    configuration.github.people.push(GithubPerson {
        login: "eve".into(),
        owner: false,
        member_of: vec!["globex".into()],
    });
    let world = World::with(configuration).await;
    let install = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    let installed = world
        .form(&world.page("/apps/infragpt/installations/new"), &install)
        .await;
    assert_eq!(installed.status(), 303);
    let (maya, eve) = (token(&world, "maya").await, token(&world, "eve").await);
    let (_, seen) = world.get("/user/installations", &eve).await;
    assert_eq!(
        (&seen["total_count"], &seen["installations"][0]["account"]["login"]),
        (&json!(1), &json!("globex"))
    );
    let first = world.github(Method::GET, "/user/installations?per_page=1", &maya).await;
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    assert!(
        link.contains("/github/user/installations?per_page=1&page=2>; rel=\"next\""),
        "{link}"
    );
    let body: Value = first.json().await.unwrap();
    assert_eq!(
        (&body["total_count"], &body["installations"][0]["id"]),
        (&json!(2), &json!(4242))
    );
}

#[tokio::test]
async fn tokens_are_not_accepted_in_each_others_place() {
    let world = World::start().await;
    let (person, installation) = (token(&world, "maya").await, world.installation_token(4242).await);
    let refused = (403, json!("Resource not accessible by integration"));
    for (path, token) in [
        ("/user", &installation),
        ("/user/installations", &installation),
        ("/installation/repositories", &person),
        ("/repos/acme/payments", &person),
    ] {
        let (status, body) = world.get(path, token).await;
        assert_eq!((status, body["message"].clone()), refused, "{path}");
    }
    for token in [&person, &installation] {
        for path in [
            "/app",
            "/app/installations",
            "/app/installations/4242",
            "/app/hook/deliveries",
        ] {
            assert_eq!(world.get(path, token).await.0, 401, "{path}");
        }
    }
    let jwt = super::github_client::jwt();
    assert_eq!(world.get("/user", &jwt).await.0, 401);
    assert_eq!(world.get("/installation/repositories", &jwt).await.0, 401);
}

#[tokio::test]
async fn the_app_ends_a_persons_token() {
    let world = World::start().await;
    let token = token(&world, "maya").await;
    let revoke = |id: &str, secret: &str, body: Value| {
        let url = format!("{}/applications/{id}/token", world.sandbox.github_api_url());
        let request = world.client.delete(url).basic_auth(CLIENT.1, Some(secret)).json(&body);
        async { request.send().await.unwrap().status().as_u16() }
    };
    let named = json!({ "access_token": token });
    assert_eq!(revoke(CLIENT.1, "wrong", named.clone()).await, 401);
    assert_eq!(revoke("other", SECRET.1, named.clone()).await, 404);
    assert_eq!(revoke(CLIENT.1, SECRET.1, json!({})).await, 422);
    assert_eq!(world.get("/user", &token).await.0, 200);
    assert_eq!(revoke(CLIENT.1, SECRET.1, named.clone()).await, 204);
    assert_eq!(revoke(CLIENT.1, SECRET.1, named).await, 404);
    assert_eq!(world.get("/user", &token).await.0, 401);
}
