//! A deleted organization or person is gone: from what people see at once, from the files soon.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::json;

use crate::{api::Caller, harness::App, secrets::files_with};

/// In everything that acme says, and in nothing else.
const CANARY: &str = "canary-of-acme-7f3a";

/// Acme with a conversation, changes and credentials, and globex with people.
async fn lived_in() -> App {
    let app = App::start_with(&[]).await;
    app.sign_up().await.unwrap();
    app.webhook(
        "push",
        json!({ "repository": "acme/payments", "patch": { "head_commit": { "message": CANARY } } }),
    )
    .await;
    let said = app
        .say(json!({ "text": format!("status {CANARY}"), "mention": true, "via": "socket" }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    app
}

fn files_with_canary(directory: &Path) -> Vec<String> {
    files_with(&directory.join("nats"), CANARY.as_bytes())
}

#[tokio::test]
async fn a_deleted_organization_is_erased() {
    let app = lived_in().await;
    let maya = Caller::new(&app, "user_maya", "acme").await;
    let gus = Caller::new(&app, "user_gus", "globex").await;
    let talk = maya.get("/conversations").await.expect(200).json();
    assert_eq!(talk["data"].as_array().unwrap().len(), 1, "{talk}");
    assert!(
        !files_with_canary(app.directory()).is_empty(),
        "the test proves nothing"
    );

    app.control
        .call("clerk_organization", &json!({ "action": "delete", "id": "acme" }))
        .await
        .unwrap();
    app.until("acme's people to be locked out", async || {
        Ok((maya.get("/conversations").await.status == 403).then_some(()))
    })
    .await
    .unwrap();
    erased(&app).await;
    assert_eq!(files_with_canary(app.directory()), Vec::<String>::new());
    gus.get("/members").await.expect(200);
    // What is left of it, and that a rebuild knows no more.
    let left = app.log.read("EVENTS", "events.*.acme.>", 0).await.unwrap();
    let left: Vec<&str> = left
        .iter()
        .map(|event| event.subject.rsplit('.').next().unwrap())
        .collect();
    assert_eq!(left, ["deleted", "erased"]);
    assert!(app.log.read("RAW_SLACK", ">", 0).await.unwrap().is_empty());
    assert!(
        app.log
            .read("RAW_CLERK", "raw.clerk.acme.>", 0)
            .await
            .unwrap()
            .is_empty()
    );
    let before = app.rows().await.unwrap();
    app.installation.infragpt(&["projections", "rebuild"]).await.unwrap();
    assert_eq!(app.rows().await.unwrap(), before);
    // Nothing brings it back: not Clerk, and not an operator.
    let late = json!({
        "type": "organization.updated",
        "data": { "id": "acme", "name": "Acme", "slug": "acme", "created_at": 1, "updated_at": 4_000_000_000_000_u64 },
    });
    assert_eq!(app.control.call("clerk_webhook", &late).await.unwrap()["status"], 200);
    app.settled().await.unwrap();
    let refused = app
        .installation
        .infragpt(&[
            "integrations",
            "connect",
            "slack",
            "--organization",
            "acme",
            "--as-operator",
        ])
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("deleted"), "{refused}");
    maya.get("/me").await.expect(403);
    app.finish().await;
}

#[tokio::test]
async fn a_kill_half_way_through_an_erasure_does_no_harm() {
    let mut app = lived_in().await;
    let url = format!("{}/webhooks/clerk", app.installation.endpoints.api_url);
    app.control
        .call(
            "clerk_organization",
            &json!({ "action": "delete", "id": "acme", "url": url }),
        )
        .await
        .unwrap();
    for _ in 0..3 {
        app.installation.kill_roles().await.unwrap();
        app.installation.start_roles().await.unwrap();
    }
    erased(&app).await;
    assert_eq!(files_with_canary(app.directory()), Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_person_is_erased() {
    let app = lived_in().await;
    let tom = Caller::new(&app, "user_tom", "acme").await;
    let maya = Caller::new(&app, "user_maya", "acme").await;
    tom.get("/members").await.expect(200);
    let names = b"Lindqvist";
    assert!(
        !files_with(&app.directory().join("nats"), names).is_empty(),
        "the test proves nothing"
    );
    app.control
        .call("clerk_user", &json!({ "action": "delete", "id": "user_tom" }))
        .await
        .unwrap();
    app.until("tom to be locked out", async || {
        Ok((tom.get("/members").await.status == 403).then_some(()))
    })
    .await
    .unwrap();
    app.until("tom to be erased", async || {
        let erased = app.log.read("EVENTS", "events.user.-.*.erased", 0).await?;
        Ok((erased.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    app.settled().await.unwrap();
    assert_eq!(files_with(&app.directory().join("nats"), names), Vec::<String>::new());
    let members = maya.get("/members").await.expect(200).text;
    assert!(
        !members.contains("user_tom") && !members.contains("Lindqvist"),
        "{members}"
    );
    app.finish().await;
}

async fn erased(app: &App) {
    app.until("acme to be erased", async || {
        let erased = app.log.read("EVENTS", "events.organization.acme.*.erased", 0).await?;
        Ok((erased.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    app.settled().await.unwrap();
    let ready = reqwest::get(format!("{}/readyz", app.installation.endpoints.api_url))
        .await
        .unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}
