use serde_json::{Value, json};

use super::{World, app::App};

async fn state_of(world: &World, user: &str) -> Value {
    let url = format!("{}/slack/client/state?user={user}", world.sandbox.url());
    world.client.get(url).send().await.unwrap().json().await.unwrap()
}

fn texts(state: &Value) -> Vec<&str> {
    let messages = state["messages"].as_array().unwrap();
    messages.iter().map(|it| it["text"].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn the_page_allows_nothing_but_its_own_script_and_style() {
    let world = World::start().await;
    let page = world.client.get(world.sandbox.url()).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"));
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
    let html = page.text().await.unwrap();
    assert!(!html.contains("<style") && !html.contains("style=") && !html.contains("onclick"));
    for asset in ["page.js", "page.css"] {
        let url = format!("{}/slack/client/{asset}", world.sandbox.url());
        assert_eq!(world.client.get(url).send().await.unwrap().status(), 200, "{asset}");
    }
    let script = include_str!("../client/page.js");
    for door in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "srcdoc",
    ] {
        assert!(!script.contains(door), "{door}");
    }
}

#[tokio::test]
async fn people_see_their_own_direct_and_ephemeral_messages_only() {
    let world = World::start().await;
    for (channel, text) in [("D0MAYA", "for maya"), ("D0TOM", "for tom"), ("C0OPS", "for all")] {
        world
            .slack("chat.postMessage", json!({ "channel": channel, "text": text }))
            .await;
    }
    let hidden = json!({ "channel": "C0OPS", "user": "U0TOM", "text": "hidden" });
    world.slack("chat.postEphemeral", hidden).await;
    assert_eq!(texts(&state_of(&world, "U0MAYA").await), ["for all", "for maya"]);
    assert_eq!(
        texts(&state_of(&world, "U0TOM").await),
        ["for all", "hidden", "for tom"]
    );
}

#[tokio::test]
async fn a_gesture_goes_the_way_that_the_app_uses() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    let (other, interactivity) = App::start().await;
    let verify = json!({ "url": url, "interactivity_url": interactivity });
    world.control("url_verification", verify).await;
    let gesture = async |verb: &str, body: Value| {
        let url = format!("{}/slack/client/{verb}", world.sandbox.url());
        let sent = world.client.post(url).json(&body).send().await.unwrap();
        (sent.status().as_u16(), sent.json::<Value>().await.unwrap())
    };
    let (status, said) = gesture("message", json!({ "text": "hi", "channel": "C0OPS", "mention": false })).await;
    assert_eq!((status, &said["acked"]), (200, &json!(true)));
    assert_eq!(app.requests()[1].json()["event"]["text"], "hi");
    let (status, _) = gesture("delete", json!({ "channel": "C0OPS", "ts": said["ts"] })).await;
    assert_eq!(
        (status, &app.requests()[2].json()["event"]["subtype"]),
        (200, &json!("message_deleted"))
    );
    let button = json!({ "type": "button", "action_id": "go", "text": { "type": "plain_text", "text": "Go" } });
    let view = json!({ "type": "home", "blocks": [{ "type": "actions", "elements": [button] }] });
    let published = world
        .slack("views.publish", json!({ "user_id": "U0MAYA", "view": view }))
        .await;
    let press = json!({ "view_id": published["view"]["id"], "action_id": "go" });
    assert_eq!(gesture("press", press).await.1["acked"], true);
    assert_eq!(other.requests().len(), 1);
    assert_eq!(gesture("reset", json!({})).await.0, 404);

    // What another origin can send without asking first is not taken.
    let url = format!("{}/slack/client/message", world.sandbox.url());
    let foreign = world.client.post(url).body(r#"{"text":"hi"}"#).send().await.unwrap();
    assert_eq!(foreign.status(), 400);
}

#[tokio::test]
async fn an_open_page_is_told_of_changes_and_does_not_keep_the_sandbox() {
    let world = World::start().await;
    let url = format!("{}/slack/client/events", world.sandbox.url());
    let mut events = world.client.get(url).send().await.unwrap();
    assert!(events.chunk().await.unwrap().unwrap().starts_with(b"event: change"));
    world
        .slack("chat.postMessage", json!({ "channel": "C0OPS", "text": "new" }))
        .await;
    assert!(events.chunk().await.unwrap().unwrap().starts_with(b"event: change"));
    let started = std::time::Instant::now();
    let ((), end) = tokio::join!(world.sandbox.stop(), events.chunk());
    assert_eq!(end.unwrap(), None);
    assert!(started.elapsed() < std::time::Duration::from_secs(1));
}

#[tokio::test]
async fn a_permalink_leads_to_the_thread() {
    let world = World::start().await;
    let root = world
        .slack("chat.postMessage", json!({ "channel": "C0OPS", "text": "root" }))
        .await;
    let reply = json!({ "channel": "C0OPS", "text": "reply", "thread_ts": root["ts"] });
    let reply = world.slack("chat.postMessage", reply).await;
    let link = world
        .slack(
            "chat.getPermalink",
            json!({ "channel": "C0OPS", "message_ts": reply["ts"] }),
        )
        .await;
    let sent = world
        .client
        .get(link["permalink"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let expected = format!("/#channel=C0OPS&thread={}", root["ts"].as_str().unwrap());
    assert_eq!(
        (sent.status().as_u16(), sent.headers()["location"].to_str().unwrap()),
        (303, &*expected)
    );
}
