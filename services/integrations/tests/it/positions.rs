//! Every reply says where its last event is, so that who asked can read what they did.

use infragpt_connectors::Condition;
use serde_json::{Value, json};

use crate::harness::{Running, state_of};

#[tokio::test]
async fn every_reply_says_where_its_last_event_is() {
    let running = Running::start().await;
    let started = running.ask("initiate", json!({ "request_id": "r1" })).await.unwrap();
    assert_eq!(running.name_at(&started["position"]).await, "authorization_started");

    let sent_on = running
        .come_back(&state_of(&started), "again", json!({}))
        .await
        .unwrap();
    assert_eq!(sent_on["outcome"], "redirect");
    assert_eq!(running.name_at(&sent_on["position"]).await, "authorization_returned");
    let waiting = running
        .come_back(&state_of(&sent_on), "later", json!({}))
        .await
        .unwrap();
    assert_eq!(waiting["outcome"], "waiting");
    assert_eq!(running.name_at(&waiting["position"]).await, "authorization_failed");

    let state = running.initiate().await;
    let connected = running.come_back(&state, "good", json!({})).await.unwrap();
    assert_eq!(connected["outcome"], "connected");
    assert_eq!(running.name_at(&connected["position"]).await, "synchronized");

    let validated = running.ask("validate", json!({})).await.unwrap();
    assert_eq!(validated["position"], Value::Null, "nothing was different");
    *running.forge.condition.lock().unwrap() = Some(Condition::Broken("the forge is cold".into()));
    let validated = running.ask("validate", json!({ "request_id": "r2" })).await.unwrap();
    assert_eq!(running.name_at(&validated["position"]).await, "degraded");
    let synchronized = running.ask("synchronize", json!({ "request_id": "r3" })).await.unwrap();
    assert_eq!(running.name_at(&synchronized["position"]).await, "synchronized");
    let ended = running.ask("disconnect", json!({ "request_id": "r4" })).await.unwrap();
    assert_eq!(running.name_at(&ended["position"]).await, "disconnected");

    // Who did not get the reply and asks again gets the same place; who asks for the first time and changes nothing none.
    for (command, request, first) in [
        ("initiate", "r1", &started),
        ("disconnect", "r4", &ended),
        ("disconnect", "r5", &json!({ "position": null })),
    ] {
        let again = running.ask(command, json!({ "request_id": request })).await.unwrap();
        assert_eq!(again["position"], first["position"], "{command} {request}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_command_that_is_repeated_finds_its_own_events() {
    let running = Running::start().await;
    let connect = json!({ "account": "F1", "request_id": "c1" });
    let connected = running.ask("connect", connect.clone()).await.unwrap();
    assert_eq!(running.name_at(&connected["position"]).await, "synchronized");
    *running.forge.condition.lock().unwrap() = Some(Condition::Broken("the forge is cold".into()));
    let validated = running.ask("validate", json!({ "request_id": "v1" })).await.unwrap();
    let again = running.ask("validate", json!({ "request_id": "v1" })).await.unwrap();
    assert_eq!(
        (&again["position"], &again["state"]),
        (&validated["position"], &json!("degraded"))
    );
    // Another request that begins like the first is another one.
    let other = running.ask("validate", json!({ "request_id": "v" })).await.unwrap();
    assert_eq!(other["position"], Value::Null);
    running.stop().await;
}

#[tokio::test]
async fn listing_says_what_is_known_of_the_last_tries() {
    let running = Running::start().await;
    running.ask("connect", json!({ "account": "F1" })).await.unwrap();
    let listed = running.listed().await;
    assert!(listed["synchronized_at"].is_string(), "{listed}");
    assert_eq!(
        (&listed["last_tried_at"], &listed["last_try_problem"]),
        (&Value::Null, &Value::Null)
    );
    running.ask("validate", json!({})).await.unwrap();
    let tried = running.listed().await;
    assert!(tried["last_tried_at"].is_string(), "{tried}");
    assert_eq!(tried["last_try_problem"], Value::Null);

    *running.forge.is_away.lock().unwrap() = true;
    assert_eq!(running.ask("validate", json!({})).await.unwrap_err().0, 503);
    let away = running.listed().await;
    assert_eq!(
        away["state"], "active",
        "that it can't be asked says nothing of the connection"
    );
    let problem = away["last_try_problem"].as_str().unwrap();
    assert!(problem.contains("forge does not answer"), "{problem}");
    assert!(away["last_tried_at"].as_str() >= tried["last_tried_at"].as_str());

    let state = running.initiate().await;
    running.come_back(&state, "", json!({})).await.unwrap_err();
    let failed = running.listed().await;
    assert_eq!(failed["last_failure"], "Nobody allowed it.");
    assert!(failed["last_failed_at"].is_string(), "{failed}");
    running.stop().await;
}
