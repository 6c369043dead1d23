//! PostgreSQL is disposable: the log gives the same rows.

use infragpt_projections as projections;
use serde_json::json;

use crate::{
    api::{Caller, profile},
    harness::App,
};

async fn some_history(app: &App) {
    for (event, action) in [
        ("push", ""),
        ("pull_request", "closed"),
        ("workflow_run", "completed"),
        ("release", "published"),
        ("star", "created"),
    ] {
        let mut more = json!({ "repository": "acme/payments" });
        if !action.is_empty() {
            more["action"] = action.into();
        }
        assert_eq!(app.webhook(event, more).await, 200);
    }
    let said = app
        .say(json!({ "text": "what changed today?", "via": "socket" }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
}

#[tokio::test]
async fn a_dropped_database_comes_back_with_the_same_rows() {
    let app = App::start().await;
    app.sign_up().await.unwrap();
    let maya = Caller::new(&app, "user_maya", "acme").await;
    maya.put("/organization/profile", profile()).await.expect(200);
    some_history(&app).await;
    let before = app.rows().await.unwrap();
    assert_eq!(before["changes"].count, 4);
    // Nothing proposes actions yet, and nothing was erased.
    for (table, rows) in &before {
        assert_eq!(
            rows.count == 0,
            ["actions", "erased_facts"].contains(table),
            "{table}: {rows:?}"
        );
    }
    projections::drop_database(&app.installation.endpoints.database_url.clone().into())
        .await
        .unwrap();
    app.installation.infragpt(&["projections", "rebuild"]).await.unwrap();
    assert_eq!(app.rows().await.unwrap(), before);
    app.finish().await;
}

#[tokio::test]
async fn a_rebuild_needs_nobody_else() {
    let mut app = App::start().await;
    some_history(&app).await;
    let before = app.rows().await.unwrap();
    app.installation.roles.take().unwrap().stop().await.unwrap();
    let printed = app
        .installation
        .infragpt(&["projections", "rebuild", "--json"])
        .await
        .unwrap();
    let rebuilt: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(rebuilt["tables"], json!(before));
    app.finish().await;
}

#[tokio::test]
async fn a_standby_takes_over_from_a_killed_projector() {
    let mut app = App::start().await;
    let standby = app.installation.spawn_roles(&["projections"]).await.unwrap();
    some_history(&app).await;
    let before = app.rows().await.unwrap();
    app.installation.kill_roles().await.unwrap();
    // The other roles come back without a projector: only the standby can show what happens now.
    let others = [
        "slack",
        "github",
        "handlers",
        "conversations",
        "agent",
        "integrations",
        "queries",
        "api",
    ];
    app.installation.roles = Some(app.installation.spawn_roles(&others).await.unwrap());
    let more = json!({ "repository": "acme/checkout" });
    assert_eq!(app.webhook("push", more).await, 200);
    app.until("the standby's row", async || {
        Ok((app.rows().await?["changes"].count == before["changes"].count + 1).then_some(()))
    })
    .await
    .unwrap();
    standby.stop().await.unwrap();
    app.finish().await;
}
