use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn refusals_are_slacks() {
    let world = World::start().await;
    assert_eq!(
        world.slack("chat.unknown", json!({})).await,
        json!({ "ok": false, "error": "unknown_method" })
    );
    assert_eq!(
        world.slack("chat.postMessage", json!({ "channel": "C0OPS" })).await["error"],
        "no_text"
    );
    let nowhere = json!({ "channel": "C0NOWHERE", "text": "a" });
    assert_eq!(
        world.slack("chat.postMessage", nowhere).await["error"],
        "channel_not_found"
    );
    let url = format!("{}/auth.test", world.sandbox.slack_api_url());
    let refused = |token: Option<&'static str>| {
        let mut request = world.client.post(&url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        async move { request.send().await.unwrap().json::<Value>().await.unwrap()["error"].clone() }
    };
    assert_eq!(refused(None).await, "not_authed");
    assert_eq!(refused(Some("xoxb-other")).await, "invalid_auth");
    assert_eq!(
        refused(Some("xapp-1-A0INFRAGPT-sandbox")).await,
        "not_allowed_token_type"
    );
}

#[tokio::test]
async fn a_message_is_posted_found_updated_and_deleted() {
    let world = World::start().await;
    let asked = world
        .slack("chat.postMessage", json!({ "channel": "#ops", "text": "root" }))
        .await;
    let (channel, root) = (&asked["channel"], &asked["ts"]);
    let metadata = json!({ "event_type": "answer", "event_payload": { "answer_id": "a1" } });
    let reply = json!({ "channel": channel, "text": "reply", "thread_ts": root, "metadata": metadata });
    let posted = world.slack("chat.postMessage", reply).await;
    assert_eq!(posted["message"]["bot_id"], "B0INFRAGPT");
    assert!(posted["ts"].as_str() > root.as_str());

    let thread = json!({ "channel": channel, "ts": root });
    let replies = world.slack("conversations.replies", thread.clone()).await;
    assert_eq!(replies["messages"][0]["reply_count"], 1);
    assert_eq!(replies["messages"][1].get("metadata"), None);
    let with_metadata =
        json!({ "channel": channel, "ts": root, "include_all_metadata": true, "limit": 1, "cursor": "next:1" });
    let replies = world.slack("conversations.replies", with_metadata).await;
    assert_eq!(replies["messages"][0]["metadata"], metadata);
    assert_eq!(replies["has_more"], false);
    let history = world
        .slack("conversations.history", json!({ "channel": channel }))
        .await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);

    let update = json!({ "channel": channel, "ts": posted["ts"], "text": "better" });
    assert_eq!(world.slack("chat.update", update).await["message"]["text"], "better");
    let reaction = json!({ "channel": channel, "timestamp": root, "name": "eyes" });
    assert_eq!(world.slack("reactions.add", reaction.clone()).await["ok"], true);
    assert_eq!(world.slack("reactions.add", reaction).await["error"], "already_reacted");
    assert_eq!(
        world
            .slack("chat.delete", json!({ "channel": channel, "ts": posted["ts"] }))
            .await["ok"],
        true
    );
    assert_eq!(
        world.slack("conversations.replies", thread).await["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_page_shows_threads_and_escapes_them() {
    let world = World::start().await;
    world
        .slack(
            "chat.postMessage",
            json!({ "channel": "C0OPS", "text": "<b>down & out</b>" }),
        )
        .await;
    let page = world
        .client
        .get(world.sandbox.url())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("#deploys") && page.contains("&lt;b&gt;down &amp; out&lt;/b&gt;"),
        "{page}"
    );
    assert!(!page.contains("<b>"));
}

#[tokio::test]
async fn control_refuses_what_it_does_not_know() {
    let world = World::start().await;
    let (status, problem) = world.control_raw("dance", "{}".into()).await;
    assert_eq!((status, &problem["status"]), (404, &json!(404)));
    assert!(problem["detail"].as_str().unwrap().contains("github_webhook"));
    assert_eq!(world.control_raw("message", "{".into()).await.0, 400);
    let (status, problem) = world
        .control_raw("message", r#"{"text":"a","threadTs":"1.2"}"#.into())
        .await;
    assert_eq!(
        (status, &problem["detail"]),
        (400, &json!("The verb has no field `threadTs`."))
    );
    assert_eq!(
        world
            .control_raw("message", r#"{"text":"a","via":"http"}"#.into())
            .await
            .0,
        400
    );
    assert_eq!(
        world
            .control_raw("fault", r#"{"method":"a","kind":"odd"}"#.into())
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn messages_survive_in_the_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = crate::Configuration {
        data_directory: Some(directory.path().to_owned()),
        ..crate::Configuration::default()
    };
    let world = World::with(configuration.clone()).await;
    let posted = world
        .slack("chat.postMessage", json!({ "channel": "C0OPS", "text": "kept" }))
        .await;
    world.sandbox.stop().await;
    let world = World::with(configuration).await;
    let state = world.control("state", json!({})).await;
    assert_eq!(state["messages"][0]["ts"], posted["ts"]);
}
