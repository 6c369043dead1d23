use std::time::Duration;

use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn a_hanging_call_took_effect() {
    let world = World::start().await;
    let said = world
        .control("message", json!({ "text": "hi", "mention": false, "timeout_ms": 1 }))
        .await;
    world
        .control("fault", json!({ "method": "chat.postMessage", "kind": "hang_after" }))
        .await;
    let reply = json!({ "channel": "C0OPS", "text": "done", "thread_ts": said["ts"] });
    let hanging = tokio::time::timeout(Duration::from_millis(200), world.slack("chat.postMessage", reply));
    assert!(hanging.await.is_err());
    let found = world.control("replies", json!({ "thread_ts": said["ts"] })).await;
    assert_eq!(
        (&found["satisfied"], &found["messages"][0]["text"]),
        (&json!(true), &json!("done"))
    );
    tokio::time::timeout(Duration::from_secs(1), world.sandbox.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn errors_and_limits_have_no_effect() {
    let world = World::start().await;
    let message = json!({ "channel": "C0OPS", "text": "done" });
    world
        .control(
            "fault",
            json!({ "method": "chat.postMessage", "kind": "error", "error": "fatal_error" }),
        )
        .await;
    assert_eq!(
        world.slack("chat.postMessage", message.clone()).await["error"],
        "fatal_error"
    );
    world
        .control(
            "fault",
            json!({ "method": "chat.postMessage", "kind": "rate_limit", "retry_after": 7 }),
        )
        .await;
    let url = format!("{}/chat.postMessage", world.sandbox.slack_api_url());
    let limited = world
        .client
        .post(url)
        .bearer_auth("xoxb-sandbox")
        .json(&message)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            limited.status().as_u16(),
            limited.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    assert_eq!(limited.json::<Value>().await.unwrap()["error"], "ratelimited");
    let state = world.control("state", json!({})).await;
    assert_eq!(state["messages"], json!([]));
    let calls: Vec<_> = state["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["error"].clone())
        .collect();
    assert_eq!(calls, ["fatal_error", "ratelimited"]);

    world
        .control("fault", json!({ "method": "*", "kind": "error", "times": 5 }))
        .await;
    world.control("clear_faults", json!({})).await;
    assert_eq!(world.slack("chat.postMessage", message).await["ok"], true);
    world.control("reset", json!({})).await;
    assert_eq!(world.control("state", json!({})).await["messages"], json!([]));
}

#[tokio::test]
async fn broken_answers_look_broken() {
    let world = World::start().await;
    let url = format!("{}/chat.postMessage", world.sandbox.slack_api_url());
    let message = json!({ "channel": "C0OPS", "text": "done" });
    let hit = |fault: Value| {
        let request = world.client.post(&url).bearer_auth("xoxb-sandbox").json(&message);
        let world = &world;
        async move {
            world.control("fault", fault).await;
            let response = request.send().await.unwrap();
            let kind = response.headers().get("content-type").cloned();
            let kind = kind.map_or(String::new(), |kind| kind.to_str().unwrap().to_owned());
            let place = response.headers().get("location").cloned();
            (response.status().as_u16(), kind, place, response.text().await.unwrap())
        }
    };
    let fault =
        |kind: &str| json!({ "method": "chat.postMessage", "kind": kind, "status": 503, "to": "http://127.0.0.1:9/" });
    let json = "application/json; charset=utf-8".to_owned();
    assert_eq!(hit(fault("status")).await, (503, json.clone(), None, "{}".into()));
    let (status, kind, _, page) = hit(fault("html")).await;
    assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(page.starts_with("<!doctype html>"));
    assert_eq!(hit(fault("empty")).await, (200, String::new(), None, String::new()));
    let (status, _, place, _) = hit(fault("redirect")).await;
    assert_eq!((status, place.unwrap().to_str().unwrap()), (302, "http://127.0.0.1:9/"));
    assert_eq!(world.control("state", json!({})).await["messages"], json!([]));
    let (status, kind, _, half) = hit(fault("half")).await;
    assert_eq!((status, kind), (200, json));
    assert!(half.starts_with('{') && serde_json::from_str::<Value>(&half).is_err());
    let state = world.control("state", json!({})).await;
    assert_eq!(state["messages"][0]["text"], "done");
    let words: Vec<_> = state["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["error"].clone())
        .collect();
    assert_eq!(
        words,
        [
            json!("status 503"),
            json!("html"),
            json!("empty"),
            json!("redirect"),
            Value::Null
        ]
    );
}
