use reqwest::Method;
use serde_json::{Value, json};

use super::{
    World,
    app::App,
    github_client::{jwt, webhooks},
    location,
};
use crate::Configuration;

const SETUP: &str = "http://127.0.0.1:9/setup";

async fn world() -> (World, App) {
    let (app, url) = App::start().await;
    let mut configuration = Configuration::default();
    configuration.github.webhook_url = Some(url);
    configuration.github.setup_url = Some(SETUP.into());
    (World::with(configuration).await, app)
}

const NEW: &str = "/apps/infragpt/installations/new";

#[tokio::test]
async fn an_owner_installs_and_changes_what_is_seen() {
    let (world, app) = world().await;
    let url = world.page(NEW);
    let selected = [
        ("login", "maya"),
        ("account", "globex"),
        ("state", "s&1"),
        ("selection", "selected"),
        ("repositories", "reactor"),
        ("repositories", "website"),
    ];
    let (place, installed) = location(&world.form(&url, &selected).await);
    assert_eq!(place, SETUP);
    assert_eq!((&*installed["setup_action"], &*installed["state"]), ("install", "s&1"));
    let id: u64 = installed["installation_id"].parse().unwrap();
    let told = webhooks(&app, 1).await;
    assert_eq!((&*told[0].0, &*told[0].1), ("installation", "created"));
    let payload = &told[0].2;
    assert_eq!(payload["installation"]["id"], id);
    assert_eq!(payload["installation"]["account"]["id"], 731_042);
    assert_eq!(payload["repositories"][1]["full_name"], "globex/website");
    assert_eq!(
        (&payload["requester"], &payload["sender"]["login"]),
        (&Value::Null, &json!("maya"))
    );

    let all = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    let (_, updated) = location(&world.form(&url, &all).await);
    assert_eq!(
        (
            &*updated["setup_action"],
            &*updated["installation_id"],
            updated.get("state")
        ),
        ("update", &*id.to_string(), None)
    );
    let told = webhooks(&app, 2).await;
    assert_eq!((&*told[1].0, &*told[1].1), ("installation_repositories", "added"));
    assert_eq!(told[1].2["repositories_added"][0]["full_name"], "globex/turbines");
    assert_eq!(told[1].2["repository_selection"], "all");
    let token = world.installation_token(id).await;
    let (_, seen) = world.get("/installation/repositories", &token).await;
    assert_eq!(
        (&seen["total_count"], &seen["repository_selection"]),
        (&json!(3), &json!("all"))
    );

    let none = [("login", "maya"), ("account", "globex"), ("selection", "selected")];
    assert_eq!(world.form(&url, &none).await.status(), 422);
    let foreign = [("login", "maya"), ("account", "globex"), ("repositories", "payments")];
    assert_eq!(world.form(&url, &foreign).await.status(), 422);
    assert_eq!(
        world
            .form(&url, &[("account", "nobody"), ("selection", "all")])
            .await
            .status(),
        404
    );
    assert_eq!(
        world
            .form(&url, &[("login", "eve"), ("selection", "all")])
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn a_member_asks_and_the_owner_approves() {
    let (world, app) = world().await;
    let asks = [
        ("login", "tom"),
        ("account", "globex"),
        ("state", "s"),
        ("selection", "all"),
    ];
    let (place, parameters) = location(&world.form(&world.page(NEW), &asks).await);
    assert_eq!(place, SETUP);
    assert_eq!(parameters.len(), 2);
    assert_eq!((&*parameters["setup_action"], &*parameters["state"]), ("request", "s"));
    assert_eq!(
        world
            .control_raw("github_approve", r#"{"account":"acme"}"#.into())
            .await
            .0,
        400
    );
    let approved = world.control("github_approve", json!({ "account": "globex" })).await;
    assert_eq!(approved["deliveries"][0]["status"], 200);
    let told = webhooks(&app, 1).await;
    assert_eq!((&*told[0].0, &*told[0].1), ("installation", "created"));
    assert_eq!(told[0].2["requester"]["login"], "tom");
    assert_eq!(told[0].2["sender"]["login"], "maya");
    assert_eq!(told[0].2["installation"]["id"], approved["installation_id"]);
    assert_eq!(
        world
            .control_raw("github_approve", r#"{"account":"globex"}"#.into())
            .await
            .0,
        400
    );
    assert_eq!(world.form(&world.page(NEW), &asks).await.status(), 403);
}

#[tokio::test]
async fn an_installation_can_bring_an_authorization() {
    let (world, _) = world().await;
    let callback = "http://127.0.0.1:9/callback";
    let settings = json!({ "request_oauth_on_install": true, "callback_urls": [callback] });
    world.control("github_app", settings).await;
    let fields = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    let (place, parameters) = location(&world.form(&world.page(NEW), &fields).await);
    assert_eq!((&*place, &*parameters["setup_action"]), (callback, "install"));
    let exchange = [
        ("client_id", "Iv23sandbox100042"),
        ("client_secret", "sandbox-github-client-secret"),
        ("code", &parameters["code"]),
    ];
    let url = world.page("/login/oauth/access_token");
    let request = world
        .client
        .post(url)
        .header("Accept", "application/json")
        .form(&exchange);
    let issued: Value = request.send().await.unwrap().json().await.unwrap();
    let (_, user) = world.get("/user", issued["access_token"].as_str().unwrap()).await;
    assert_eq!(user["login"], "maya");
}

#[tokio::test]
async fn an_owner_suspends_and_uninstalls_on_the_settings_page() {
    let (world, app) = world().await;
    let token = world.installation_token(4242).await;
    let url = world.page("/settings/installations/4242");
    let press = |action: &'static str| {
        let fields = [("login", "maya"), ("action", action)];
        let request = world.client.post(&url).form(&fields);
        async { request.send().await.unwrap().status().as_u16() }
    };
    let seen = || world.get("/installation/repositories", &token);
    let mint = || async {
        let path = "/app/installations/4242/access_tokens";
        world.github(Method::POST, path, &jwt()).await.status().as_u16()
    };
    assert_eq!(press("suspend").await, 303);
    let (status, refused) = seen().await;
    assert_eq!(
        (status, &refused["message"]),
        (403, &json!("This installation has been suspended"))
    );
    assert_eq!(mint().await, 403);
    let (_, shown) = world.get("/app/installations/4242", &jwt()).await;
    assert!(shown["suspended_at"].is_string());
    assert_eq!(shown["suspended_by"]["login"], "maya");
    assert_eq!(press("unsuspend").await, 303);
    assert_eq!(seen().await.0, 200);
    let html = world.client.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(
        html.contains("value=\"payments\" checked") && html.contains("Uninstall"),
        "{html}"
    );
    let save = [
        ("action", "save"),
        ("selection", "selected"),
        ("repositories", "payments"),
    ];
    assert_eq!(world.form(&url, &save).await.status(), 303);
    assert_eq!(seen().await.1["total_count"], 1);
    assert_eq!(
        world
            .form(&url, &[("login", "tom"), ("action", "uninstall")])
            .await
            .status(),
        404
    );
    assert_eq!(press("dance").await, 422);
    assert_eq!(press("uninstall").await, 200);
    assert_eq!((seen().await.0, mint().await, press("suspend").await), (401, 404, 404));
    let told = webhooks(&app, 4).await;
    let mut actions: Vec<&str> = told.iter().map(|(_, action, _)| action.as_str()).collect();
    // Each is told by itself, so they may overtake each other.
    actions.sort_unstable();
    assert_eq!(actions, ["deleted", "removed", "suspend", "unsuspend"]);
    assert_eq!(
        world.control("state", json!({})).await["github_installations"],
        json!([])
    );
    world.control("reset", json!({})).await;
    assert_eq!(seen().await.0, 200);
}

#[tokio::test]
async fn pages_escape_what_they_are_given() {
    let world = World::start().await;
    for path in [
        NEW,
        "/login/oauth/authorize?client_id=Iv23sandbox100042&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F",
    ] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = world.page(&format!(
            "{path}{separator}state=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"
        ));
        let response = world.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let html = response.text().await.unwrap();
        assert!(
            html.contains("&quot;&gt;&lt;script&gt;") && !html.contains("<script"),
            "{html}"
        );
    }
    let elsewhere = world.client.get(world.page("/nothing/here")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
}
