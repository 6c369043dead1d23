use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{World, app::App, github_client::jwt};
use crate::signature;

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_paged_by_cursor() {
    let world = World::start().await;
    let (_, url) = App::start().await;
    for event in ["push", "star", "issues"] {
        world
            .control("github_webhook", json!({ "url": url, "event": event }))
            .await;
    }
    let first = world
        .github(Method::GET, "/app/hook/deliveries?per_page=2", &jwt())
        .await;
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    let next = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0;
    let listed: Value = first.json().await.unwrap();
    let events = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|it| it["event"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(events(&listed), ["issues", "star"]);
    let last = world.client.get(next).bearer_auth(jwt()).send().await.unwrap();
    assert_eq!(last.headers().get("link"), None);
    let last: Value = last.json().await.unwrap();
    assert_eq!(events(&last), ["push"]);
    let push = &last[0];
    assert_eq!((&push["status"], &push["status_code"]), (&json!("OK"), &json!(200)));
    assert_eq!((&push["action"], &push["redelivery"]), (&Value::Null, &json!(false)));
    assert_eq!(push["installation_id"], 4242);
    assert!(push["repository_id"].is_u64() && push["duration"].is_f64() && push["guid"].is_string());
    let (_, whole) = world.get(&format!("/app/hook/deliveries/{}", push["id"]), &jwt()).await;
    assert_eq!(whole["request"]["payload"]["ref"], "refs/heads/main");
    assert_eq!(whole["request"]["headers"]["X-GitHub-Event"], "push");
    assert!(whole["response"]["headers"].is_object());
    assert_eq!(world.get("/app/hook/deliveries/1", &jwt()).await.0, 404);
    assert_eq!(world.get("/app/hook/deliveries?cursor=x", &jwt()).await.0, 422);
}

#[tokio::test]
async fn a_lost_webhook_is_found_and_comes_again_under_its_guid() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let lost = json!({ "event": "push", "guid": "g-1", "lose": true });
    let answer = world.control("github_webhook", lost).await;
    assert_eq!((&answer["status"], &answer["guid"]), (&Value::Null, &json!("g-1")));
    // Where it goes is decided when it is sent.
    world.control("github_app", json!({ "webhook_url": url })).await;
    let (_, failed) = world.get("/app/hook/deliveries?status=failure", &jwt()).await;
    assert_eq!(failed[0]["id"], answer["delivery"]);
    assert_eq!(
        (&failed[0]["status_code"], &failed[0]["status"]),
        (&json!(502), &json!("failed to connect to host"))
    );
    let path = format!("/app/hook/deliveries/{}/attempts", answer["delivery"]);
    let again = world.github(Method::POST, &path, &jwt()).await;
    assert_eq!(
        (again.status().as_u16(), again.text().await.unwrap()),
        (202, "{}".to_owned())
    );
    let listed = async {
        loop {
            let (_, all) = world.get("/app/hook/deliveries", &jwt()).await;
            if all.as_array().unwrap().len() == 2 {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(5), listed).await.unwrap();
    assert_eq!((&all[0]["redelivery"], &all[0]["guid"]), (&json!(true), &json!("g-1")));
    assert_ne!(all[0]["id"], all[1]["id"]);
    let request = app.requests().remove(0);
    assert_eq!(request.header("x-github-delivery"), "g-1");
    let signed = signature::github("sandbox-webhook-secret", &request.body);
    assert_eq!(request.header("x-hub-signature-256"), signed);
    let nothing = world
        .github(Method::POST, "/app/hook/deliveries/7/attempts", &jwt())
        .await;
    assert_eq!(nothing.status(), 404);
    let (_, succeeded) = world.get("/app/hook/deliveries?status=success", &jwt()).await;
    assert_eq!(succeeded.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_app_that_is_away_is_a_failed_delivery() {
    let world = World::start().await;
    let away = json!({ "url": "http://127.0.0.1:1/hook", "event": "push" });
    assert_eq!(world.control_raw("github_webhook", away.to_string()).await.0, 502);
    let (_, all) = world.get("/app/hook/deliveries", &jwt()).await;
    assert_eq!(all[0]["status_code"], 502);
    assert_eq!(
        world
            .control_raw("github_webhook", r#"{"event":"push"}"#.into())
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_form_is_shown_by_what_it_says() {
    let world = World::start().await;
    let (_, url) = App::start().await;
    let form = json!({ "url": url, "event": "star", "content_type": "application/x-www-form-urlencoded" });
    let sent = world.control("github_webhook", form).await;
    let raw = json!({ "url": url, "event": "push", "raw_body": "Hello, World!" });
    let raw = world.control("github_webhook", raw).await;
    let show = |id: &Value| {
        let path = format!("/app/hook/deliveries/{id}");
        let world = &world;
        async move { world.get(&path, &jwt()).await.1 }
    };
    let star = show(&sent["delivery"]).await;
    assert_eq!(
        (&star["action"], &star["request"]["payload"]["sender"]["login"]),
        (&json!("created"), &json!("maya"))
    );
    let push = show(&raw["delivery"]).await;
    assert_eq!(
        (&push["action"], &push["request"]["payload"]),
        (&Value::Null, &json!("Hello, World!"))
    );
}
