//! What comes in over HTTP: stored before it is acknowledged, or refused with nothing stored.

use std::time::Duration;

use serde_json::json;

use crate::harness::App;

#[tokio::test]
async fn webhooks_that_are_not_github_s_store_nothing() {
    let app = App::start().await;
    for (request, expected) in [
        (json!({ "secret": "not-the-secret" }), 401),
        (json!({ "omit": ["X-Hub-Signature-256"] }), 401),
        (json!({ "omit": ["X-GitHub-Event"] }), 400),
        (json!({ "omit": ["X-GitHub-Delivery"] }), 400),
        (json!({ "content_type": "text/plain" }), 415),
    ] {
        assert_eq!(app.webhook("push", request.clone()).await, expected, "{request}");
    }
    assert_eq!(app.log.stream("RAW_GITHUB").await.unwrap().messages, 0);
    app.finish().await;
}

#[tokio::test]
async fn what_is_too_large_is_413_and_what_is_form_encoded_is_understood() {
    let mut app = App::start_without_roles(|options| {
        options
            .environment
            .insert("INFRAGPT_GITHUB_MAX_BODY_BYTES".into(), "100000".into());
    })
    .await;
    app.installation.start_roles().await.unwrap();
    app.connect_acme().await;
    let large = "x".repeat(100_000);
    assert_eq!(app.webhook("push", json!({ "payload": { "large": large } })).await, 413);
    assert_eq!(app.log.stream("RAW_GITHUB").await.unwrap().messages, 0);
    let form = json!({ "content_type": "application/x-www-form-urlencoded", "repository": "acme/payments" });
    assert_eq!(app.webhook("push", form).await, 200);
    let events = app.take("EVENTS", 1).await.unwrap();
    assert!(events[0].subject.ends_with(".recorded"), "{}", events[0].subject);
    app.finish().await;
}

#[tokio::test]
async fn malformed_json_with_a_good_signature_is_stored_and_dead_lettered_with_the_reason() {
    let mut app = App::start().await;
    assert_eq!(app.webhook("push", json!({ "raw_body": "{\"ref\": " })).await, 200);
    let dead = app.take("DEAD_LETTERS", 1).await.unwrap();
    assert!(
        dead[0]
            .subject
            .starts_with("dead.RAW_GITHUB.github_handler.raw.github."),
        "{}",
        dead[0].subject
    );
    assert_eq!(dead[0].payload, "{\"ref\": ");
    // It holds nobody up.
    assert_eq!(app.webhook("push", json!({ "repository": "acme/payments" })).await, 200);
    app.take("EVENTS", 1).await.unwrap();
    app.finish().await;
}

#[tokio::test]
async fn what_nobody_connected_and_what_nobody_knows_is_stored_and_does_no_harm() {
    let mut app = App::start().await;
    assert_eq!(app.webhook("star", json!({ "action": "created" })).await, 200);
    assert_eq!(
        app.webhook("an_event_of_next_year", json!({ "payload": {} })).await,
        200
    );
    let stranger = json!({ "text": "status", "via": "socket", "team_id": "T0STRANGER" });
    let said = app.say(stranger).await.unwrap();
    assert_eq!(app.take("RAW_GITHUB", 2).await.unwrap().len(), 2);
    let raw = app.take("RAW_SLACK", 2).await.unwrap();
    assert!(
        raw.iter().all(|fact| fact.subject.starts_with("raw.slack.T0STRANGER.")),
        "{raw:?}"
    );
    app.settled().await.unwrap();
    assert!(app.control.posted(&said.channel, &said.ts).await.unwrap().is_empty());
    assert!(app.news("EVENTS").await.unwrap().is_empty());
    assert!(app.news("DEAD_LETTERS").await.unwrap().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn without_nats_nothing_is_acknowledged_and_nothing_is_lost() {
    let mut app = App::start().await;
    let guid = "11111111-2222-3333-4444-555555555555";
    let delivery = json!({ "repository": "acme/payments", "guid": guid });
    app.installation.nats.as_mut().unwrap().kill().await.unwrap();
    assert_eq!(app.webhook("push", delivery.clone()).await, 503);
    let question = json!({ "text": "status", "via": "socket", "timeout_ms": 500 });
    let said = app.control.message(&question).await.unwrap();
    assert!(!said.acked, "acknowledged without being stored");
    app.installation.nats.as_mut().unwrap().restart().await.unwrap();
    // Slack delivers again by itself; GitHub when somebody redelivers, under the same GUID.
    let status = app.until("the webhook to be taken", async || {
        let status = app.webhook("push", delivery.clone()).await;
        Ok((status != 503).then_some(status))
    });
    assert_eq!(status.await.unwrap(), 200);
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    let raw = app.take("RAW_GITHUB", 1).await.unwrap();
    assert_eq!(raw.iter().filter(|fact| fact.envelope.id == guid).count(), 1);
    assert_eq!(app.control.posted(&said.channel, said.thread()).await.unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn readiness_tells_the_truth() {
    let mut app = App::start().await;
    let url = format!("{}/readyz", app.installation.endpoints.api_url);
    let status = async || reqwest::get(&url).await.unwrap().status().as_u16();
    assert_eq!(status().await, 200);
    app.installation.postgres.as_mut().unwrap().kill().await.unwrap();
    let response = reqwest::get(&url).await.unwrap();
    assert_eq!(response.status(), 503);
    let body = response.text().await.unwrap();
    assert!(body.contains("postgresql"), "{body}");
    app.installation.postgres.as_mut().unwrap().restart().await.unwrap();
    app.until("it to be ready again", async || {
        Ok((status().await == 200).then_some(()))
    })
    .await
    .unwrap();
    let lost = reqwest::get(format!("{}/nowhere", app.installation.endpoints.api_url))
        .await
        .unwrap();
    assert_eq!(lost.headers()["content-type"], "application/problem+json");
    app.finish().await;
}

#[tokio::test]
async fn a_disconnect_that_slack_announces_loses_nothing() {
    let app = App::start().await;
    for reason in ["warning", "refresh_requested"] {
        app.control
            .call("disconnect", &json!({ "reason": reason }))
            .await
            .unwrap();
        for _ in 0..5 {
            let said = app.say(json!({ "text": "help", "via": "socket" })).await.unwrap();
            app.answer(&said).await.unwrap();
        }
    }
    app.control
        .call("disconnect", &json!({ "abrupt": true }))
        .await
        .unwrap();
    let said = app
        .say(json!({ "text": "help", "via": "socket", "timeout_ms": 40_000 }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    let state = app.control.call("state", &json!({})).await.unwrap();
    assert!(state["connections"].as_u64().unwrap() >= 1, "{state}");
    tokio::time::timeout(Duration::from_secs(30), app.finish())
        .await
        .unwrap();
}
