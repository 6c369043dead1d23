use reqwest::Method;
use serde_json::{Value, json};

use super::{
    World,
    app::App,
    github_client::{jwt, webhooks},
};

async fn world() -> (World, App) {
    let world = World::start().await;
    let (app, url) = App::start().await;
    world.control("github_app", json!({ "webhook_url": url })).await;
    (world, app)
}

/// Installs the App on all of globex; returns the installation's id.
async fn globex(world: &World) -> u64 {
    let fields = [("login", "maya"), ("account", "globex"), ("selection", "all")];
    world
        .form(&world.page("/apps/infragpt/installations/new"), &fields)
        .await;
    let (_, all) = world.get("/app/installations", &jwt()).await;
    all[1]["id"].as_u64().unwrap()
}

#[tokio::test]
async fn the_app_suspends_and_uninstalls_itself() {
    let (world, app) = world().await;
    let id = globex(&world).await;
    let page = world
        .github(Method::GET, "/app/installations?per_page=1&page=2", &jwt())
        .await;
    assert!(page.headers()["link"].to_str().unwrap().contains("rel=\"prev\""));
    let page: Value = page.json().await.unwrap();
    assert_eq!(
        (&page[0]["id"], &page[0]["repository_selection"]),
        (&json!(id), &json!("all"))
    );
    assert!(page[0]["permissions"].is_object() && page[0]["events"].is_array());
    let path = format!("/app/installations/{id}");
    let suspended = format!("{path}/suspended");
    let call = |method, path: String| {
        let world = &world;
        async move { world.github(method, &path, &jwt()).await.status().as_u16() }
    };
    webhooks(&app, 1).await;
    assert_eq!(call(Method::PUT, suspended.clone()).await, 204);
    assert_eq!(call(Method::PUT, suspended.clone()).await, 204);
    assert_eq!(webhooks(&app, 2).await[1].1, "suspend");
    assert_eq!(call(Method::DELETE, suspended.clone()).await, 204);
    assert_eq!(webhooks(&app, 3).await[2].1, "unsuspend");
    assert_eq!(call(Method::DELETE, path.clone()).await, 204);
    let told = webhooks(&app, 4).await;
    let (event, action, payload) = &told[3];
    assert_eq!((event.as_str(), action.as_str()), ("installation", "deleted"));
    assert_eq!(
        (&payload["installation"]["id"], &payload["sender"]["login"]),
        (&json!(id), &json!("infragpt[bot]"))
    );
    assert_eq!(call(Method::DELETE, path.clone()).await, 404);
    assert_eq!(call(Method::PUT, suspended).await, 404);
    assert_eq!(call(Method::POST, format!("{path}/access_tokens")).await, 404);
    assert!(globex(&world).await > id);
}

#[tokio::test]
async fn repositories_come_and_go_one_by_one() {
    let (world, app) = world().await;
    let act = |action: &str, repository: &str| {
        world.control(
            "github_installation",
            json!({ "id": 4242, "action": action, "repository": repository }),
        )
    };
    let added = act("add", "acme/docs").await;
    assert_eq!(
        (&added["deliveries"][0]["status"], &added["deliveries"][0]["event"]),
        (&json!(200), &json!("installation_repositories"))
    );
    act("remove", "payments").await;
    assert_eq!(act("remove", "payments").await["deliveries"], json!([]));
    let told = webhooks(&app, 2).await;
    assert_eq!(
        (&*told[0].1, &told[0].2["repositories_added"][0]["full_name"]),
        ("added", &json!("acme/docs"))
    );
    assert_eq!(
        (&*told[1].1, &told[1].2["repositories_removed"][0]["full_name"]),
        ("removed", &json!("acme/payments"))
    );
    let state = world.control("state", json!({})).await;
    assert_eq!(
        state["github_installations"],
        json!([{
            "id": 4242, "account": "acme", "repository_selection": "selected",
            "repositories": ["acme/checkout", "acme/docs"], "suspended": false,
        }])
    );
    let lost = json!({ "id": 4242, "action": "uninstall", "lose": true });
    let lost = world.control("github_installation", lost).await;
    assert_eq!(lost["deliveries"][0]["status"], Value::Null);
    webhooks(&app, 2).await;
    let (_, listed) = world.get("/app/hook/deliveries", &jwt()).await;
    assert_eq!(
        (&listed[0]["action"], &listed[0]["status_code"]),
        (&json!("deleted"), &json!(502))
    );
    for wrong in [
        r#"{"id":4242,"action":"suspend"}"#,
        r#"{"id":4242,"action":"dance"}"#,
        r#"{"id":4242,"action":"add"}"#,
    ] {
        assert_eq!(world.control_raw("github_installation", wrong.into()).await.0, 400);
    }
}

#[tokio::test]
async fn names_change_and_numbers_stay() {
    let (world, app) = world().await;
    let token = world.installation_token(4242).await;
    let (_, before) = world.get("/repos/acme/payments", &token).await;
    let rename = json!({ "id": 4242, "action": "rename", "to": "acme-inc" });
    world.control("github_installation", rename).await;
    let rename = json!({ "id": 4242, "action": "rename", "repository": "payments", "to": "billing" });
    world.control("github_installation", rename).await;
    assert_eq!(world.get("/repos/acme/payments", &token).await.0, 404);
    let (_, after) = world.get("/repos/acme-inc/billing", &token).await;
    assert_eq!(
        (&after["id"], &after["owner"]["id"]),
        (&before["id"], &before["owner"]["id"])
    );
    let told = webhooks(&app, 2).await;
    assert_eq!((&*told[0].0, &*told[0].1), ("installation_target", "renamed"));
    assert_eq!(told[0].2["changes"]["login"]["from"], "acme");
    assert_eq!(told[0].2["account"]["login"], "acme-inc");
    assert_eq!((&*told[1].0, &*told[1].1), ("repository", "renamed"));
    assert_eq!(told[1].2["changes"]["repository"]["name"]["from"], "payments");
    assert_eq!(told[1].2["repository"]["id"], before["id"]);
}

#[tokio::test]
async fn a_repository_moves_from_one_account_to_another() {
    let (world, app) = world().await;
    let id = globex(&world).await;
    webhooks(&app, 1).await;
    let transfer = json!({ "id": 4242, "action": "transfer", "repository": "acme/payments", "to": "globex" });
    world.control("github_installation", transfer.clone()).await;
    assert_eq!(
        world.control_raw("github_installation", transfer.to_string()).await.0,
        400
    );
    let told = webhooks(&app, 4).await;
    let seen: Vec<_> = told[1..]
        .iter()
        .map(|it| (&*it.0, &*it.1, it.2["installation"]["id"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            ("installation_repositories", "removed", 4242),
            ("installation_repositories", "added", id),
            ("repository", "transferred", id)
        ]
    );
    let token = world.installation_token(id).await;
    assert_eq!(world.get("/repos/globex/payments", &token).await.0, 200);
}

#[tokio::test]
async fn a_token_can_be_narrowed_and_ended() {
    let world = World::start().await;
    let url = format!(
        "{}/app/installations/4242/access_tokens",
        world.sandbox.github_api_url()
    );
    let mint = |body: Value| {
        let request = world.client.post(&url).bearer_auth(jwt()).json(&body);
        async { request.send().await.unwrap() }
    };
    assert_eq!(mint(json!({ "repositories": ["reactor"] })).await.status(), 422);
    let issued: Value = mint(json!({ "repositories": ["checkout"] }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(issued["repository_selection"], "selected");
    let token = issued["token"].as_str().unwrap();
    assert_eq!(world.get("/repos/acme/payments", token).await.0, 404);
    assert_eq!(world.get("/repos/acme/checkout", token).await.0, 200);
    assert_eq!(
        world
            .github(Method::DELETE, "/installation/token", token)
            .await
            .status(),
        204
    );
    assert_eq!(world.get("/repos/acme/checkout", token).await.0, 401);
}
