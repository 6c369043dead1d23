use serde_json::json;

use super::{World, app::App};
use crate::signature;

#[tokio::test]
async fn events_are_signed_over_http() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let said = json!({ "text": "hi", "url": url, "kind": "app_mention", "event_id": "Ev7", "retry_num": 2 });
    let answer = world.control("message", said).await;
    assert_eq!((&answer["acked"], &answer["status"]), (&json!(true), &json!(200)));
    let request = app.requests().remove(0);
    let expected = signature::slack(
        "sandbox-signing-secret",
        request.header("x-slack-request-timestamp"),
        &request.body,
    );
    assert_eq!(request.header("x-slack-signature"), expected);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(
        (
            request.header("x-slack-retry-num"),
            request.header("x-slack-retry-reason")
        ),
        ("2", "http_timeout")
    );
    assert_eq!(request.json()["event_id"], "Ev7");
}

#[tokio::test]
async fn signature_and_time_can_be_wrong_on_purpose() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    world
        .control(
            "message",
            json!({ "text": "hi", "mention": false, "url": url, "secret": "other", "timestamp": 7 }),
        )
        .await;
    let request = app.requests().remove(0);
    assert_eq!(request.header("x-slack-request-timestamp"), "7");
    assert_eq!(
        request.header("x-slack-signature"),
        signature::slack("other", "7", &request.body)
    );
}

#[tokio::test]
async fn a_verified_url_gets_what_the_bot_says() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let verified = world.control("url_verification", json!({ "url": url })).await;
    assert_eq!(
        (&verified["status"], &verified["verified"]),
        (&json!(200), &json!(true))
    );
    let posted = world
        .slack("chat.postMessage", json!({ "channel": "C0OPS", "text": "done" }))
        .await;
    while app.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.requests()[1].json()["event"]["ts"], posted["ts"]);
}

#[tokio::test]
async fn an_edit_tells_both_texts() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let said = world
        .control("message", json!({ "text": "hi", "mention": false, "url": url }))
        .await;
    world
        .control("edit", json!({ "ts": said["ts"], "text": "hello", "url": url }))
        .await;
    let event = &app.requests()[1].json()["event"];
    assert_eq!(event["subtype"], "message_changed");
    assert_eq!(event["message"]["text"], "hello");
    assert_eq!(event["previous_message"]["text"], "hi");
}

#[tokio::test]
async fn commands_and_interactions_are_forms() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    world.control("command", json!({ "text": "help me", "url": url })).await;
    let pressed = json!({ "payload": { "actions": [{ "action_id": "approve" }] }, "url": url });
    assert_eq!(world.control("interaction", pressed).await["acked"], true);
    let requests = app.requests();
    let command: Vec<(String, String)> = serde_urlencoded::from_bytes(&requests[0].body).unwrap();
    assert!(command.contains(&("text".into(), "help me".into())));
    let interaction: Vec<(String, String)> = serde_urlencoded::from_bytes(&requests[1].body).unwrap();
    let payload: serde_json::Value = serde_json::from_str(&interaction[0].1).unwrap();
    assert_eq!(
        (&payload["type"], &payload["actions"][0]["action_id"]),
        (&json!("block_actions"), &json!("approve"))
    );

    let url = payload["response_url"].as_str().unwrap();
    let later = json!({ "text": "later", "response_type": "in_channel" });
    assert_eq!(world.client.post(url).json(&later).send().await.unwrap().status(), 200);
    assert_eq!(world.control("state", json!({})).await["messages"][0]["text"], "later");
}
