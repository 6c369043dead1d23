use serde_json::{Value, json};

use super::{World, app::App};
use crate::signature;

#[tokio::test]
async fn webhooks_are_signed_over_their_very_bytes() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let vector =
        json!({ "url": url, "event": "push", "secret": "It's a Secret to Everybody", "raw_body": "Hello, World!" });
    assert_eq!(world.control("github_webhook", vector).await["status"], 200);
    let again = json!({ "url": url, "event": "star", "guid": "72d3162e", "omit": ["x-hub-signature-256"] });
    assert_eq!(world.control("github_webhook", again).await["guid"], "72d3162e");
    let requests = app.requests();
    assert_eq!(
        requests[0].header("x-hub-signature-256"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
    assert_eq!(&requests[0].body[..], b"Hello, World!");
    assert_eq!(requests[0].header("x-github-event"), "push");
    assert_eq!(
        requests[0].header("x-github-hook-installation-target-type"),
        "integration"
    );
    assert_eq!(requests[1].header("x-hub-signature-256"), "");
    assert_eq!(requests[1].header("x-github-delivery"), "72d3162e");
    assert_eq!(requests[1].json()["action"], "created");
}

#[tokio::test]
async fn every_known_event_has_what_its_readers_need() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let expected = [
        ("push", None, "/commits/0/url"),
        ("pull_request", Some("closed"), "/pull_request/merged_at"),
        ("workflow_run", Some("completed"), "/workflow_run/conclusion"),
        ("release", Some("published"), "/release/tag_name"),
        ("deployment", Some("created"), "/deployment/environment"),
        ("deployment_status", Some("created"), "/deployment_status/state"),
        ("issues", Some("opened"), "/issue/title"),
        ("installation", Some("created"), "/installation/account/login"),
        (
            "installation_repositories",
            Some("added"),
            "/repositories_added/1/full_name",
        ),
        ("watch", None, "/repository/full_name"),
    ];
    for (index, (event, action, pointer)) in expected.into_iter().enumerate() {
        world
            .control("github_webhook", json!({ "url": url, "event": event, "sender": "tom" }))
            .await;
        let payload = app.requests()[index].json();
        assert_eq!(payload.get("action").and_then(Value::as_str), action, "{event}");
        assert!(
            payload.pointer(pointer).is_some_and(Value::is_string),
            "{event} has no {pointer}"
        );
        assert_eq!(
            (&payload["installation"]["id"], &payload["sender"]["login"]),
            (&json!(4242), &json!("tom"))
        );
    }
    let suspended = json!({ "url": url, "event": "installation", "action": "suspend" });
    world.control("github_webhook", suspended).await;
    assert!(app.requests()[10].json()["installation"]["suspended_at"].is_string());
    let form = json!({
        "url": url, "event": "push", "repository": "acme/checkout", "patch": { "ref": "refs/heads/x", "compare": null },
        "content_type": "application/x-www-form-urlencoded",
    });
    world.control("github_webhook", form).await;
    let request = app.requests().remove(11);
    assert_eq!(
        request.header("x-hub-signature-256"),
        signature::github("sandbox-webhook-secret", &request.body)
    );
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&request.body).unwrap();
    let payload: Value = serde_json::from_str(&fields[0].1).unwrap();
    assert_eq!(
        (&payload["ref"], payload.get("compare")),
        (&json!("refs/heads/x"), None)
    );
    assert_eq!(payload["repository"]["full_name"], "acme/checkout");
}

#[tokio::test]
async fn an_app_gets_a_token_and_sees_its_repositories() {
    let world = World::start().await;
    let get = |path: String, token: String| {
        let request = world
            .client
            .get(format!("{}{path}", world.sandbox.github_api_url()))
            .bearer_auth(token);
        async { request.send().await.unwrap() }
    };
    let app = super::github_client::jwt();
    assert_eq!(
        get("/app".into(), app.clone()).await.json::<Value>().await.unwrap()["slug"],
        "infragpt"
    );
    assert_eq!(get("/app/installations/7".into(), app.clone()).await.status(), 404);
    let url = format!(
        "{}/app/installations/4242/access_tokens",
        world.sandbox.github_api_url()
    );
    let issued = world.client.post(url).bearer_auth(app).send().await.unwrap();
    assert_eq!(issued.status(), 201);
    let token = issued.json::<Value>().await.unwrap()["token"]
        .as_str()
        .unwrap()
        .to_owned();

    let refused = get("/installation/repositories".into(), "ghs_other".into()).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.json::<Value>().await.unwrap()["message"], "Bad credentials");
    let first = get("/installation/repositories?per_page=1".into(), token.clone()).await;
    assert!(
        first.headers()["link"]
            .to_str()
            .unwrap()
            .contains(r#"page=2>; rel="next""#)
    );
    assert_eq!(first.json::<Value>().await.unwrap()["total_count"], 2);
    assert_eq!(get("/repos/acme/payments".into(), token.clone()).await.status(), 200);
    assert_eq!(get("/repos/acme/secret".into(), token).await.status(), 404);
}
