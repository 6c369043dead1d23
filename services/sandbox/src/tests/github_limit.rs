use reqwest::Method;
use serde_json::{Value, json};

use super::{World, github_client::jwt};

fn header(response: &reqwest::Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_is_unchanged_costs_nothing() {
    let world = World::start().await;
    let token = world.installation_token(4242).await;
    let url = format!("{}/installation/repositories", world.sandbox.github_api_url());
    let get = |tag: Option<String>| {
        let mut request = world.client.get(&url).bearer_auth(&token);
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        async { request.send().await.unwrap() }
    };
    let first = get(None).await;
    let tag = header(&first, "etag");
    assert_eq!(
        (first.status().as_u16(), &*header(&first, "x-ratelimit-remaining")),
        (200, "4999")
    );
    for wanted in [tag.clone(), format!("\"other\", {tag}")] {
        let same = get(Some(wanted)).await;
        assert_eq!(
            (same.status().as_u16(), &*header(&same, "x-ratelimit-remaining")),
            (304, "4999")
        );
        assert_eq!(header(&same, "etag"), tag);
        assert_eq!(same.text().await.unwrap(), "");
    }
    let other = get(Some("\"other\"".into())).await;
    assert_eq!(
        (other.status().as_u16(), &*header(&other, "x-ratelimit-remaining")),
        (200, "4998")
    );
    let remove = json!({ "id": 4242, "action": "remove", "repository": "checkout" });
    world.control("github_installation", remove).await;
    assert_eq!(get(Some(tag)).await.status(), 200);
}

#[tokio::test]
async fn who_has_used_everything_is_refused_until_it_starts_anew() {
    let world = World::start().await;
    let token = world.installation_token(4242).await;
    world
        .control("github_rate_limit", json!({ "remaining": 1, "reset_in": 60 }))
        .await;
    let call = || world.github(Method::GET, "/installation/repositories", &token);
    let last = call().await;
    assert_eq!(
        (last.status().as_u16(), &*header(&last, "x-ratelimit-remaining")),
        (200, "0")
    );
    let refused = call().await;
    assert_eq!(
        (refused.status().as_u16(), &*header(&refused, "x-ratelimit-remaining")),
        (403, "0")
    );
    assert!(header(&refused, "x-ratelimit-reset").parse::<i64>().unwrap() > crate::clock::seconds());
    assert_eq!(header(&refused, "retry-after"), "");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["message"], "API rate limit exceeded for installation ID 4242.");
    // The App itself has its own.
    assert_eq!(world.get("/app", &jwt()).await.0, 200);
    assert_eq!(world.get("/app", &jwt()).await.0, 403);
    world
        .control("github_rate_limit", json!({ "remaining": 0, "reset_in": 0 }))
        .await;
    assert_eq!(call().await.status(), 200);
}

#[tokio::test]
async fn the_secondary_limit_says_how_long_to_wait() {
    let world = World::start().await;
    for (status, expected) in [(Value::Null, 403), (json!(429), 429)] {
        let fault = json!({ "method": "github.app", "kind": "rate_limit", "retry_after": 9, "status": status });
        world.control("fault", fault).await;
        let refused = world.github(Method::GET, "/app", &jwt()).await;
        assert_eq!(
            (refused.status().as_u16(), &*header(&refused, "retry-after")),
            (expected, "9")
        );
        assert_eq!(header(&refused, "x-ratelimit-remaining"), "");
    }
}

#[tokio::test]
async fn broken_answers_look_broken() {
    let world = World::start().await;
    for (kind, status, text) in [
        ("status", 503, Some("{}")),
        ("empty", 200, Some("")),
        ("html", 200, None),
    ] {
        world
            .control("fault", json!({ "method": "github.deliveries", "kind": kind }))
            .await;
        let broken = world.github(Method::GET, "/app/hook/deliveries", &jwt()).await;
        assert_eq!(broken.status(), status, "{kind}");
        let body = broken.text().await.unwrap();
        assert_eq!(body, text.unwrap_or("<!doctype html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"));
    }
    let url = world.page("/login/oauth/access_token");
    world
        .control(
            "fault",
            json!({ "method": "github.oauth_token", "kind": "error", "error": "bad_verification_code" }),
        )
        .await;
    let refused = world
        .client
        .post(&url)
        .header("Accept", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 200);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "bad_verification_code");
    world
        .control("fault", json!({ "method": "github.uninstall", "kind": "half" }))
        .await;
    let cut = world.github(Method::DELETE, "/app/installations/4242", &jwt()).await;
    assert_eq!(cut.status(), 204);
    assert_eq!(world.get("/app/installations/4242", &jwt()).await.0, 404);
}
