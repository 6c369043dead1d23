use reqwest::Method;
use serde_json::{Value, json};

use super::{
    World,
    app::App,
    github_client::{jwt, webhooks},
};

const RUN: &str = "/repos/acme/payments/actions/runs/7700001";
const RERUN: &str = "/repos/acme/payments/actions/runs/7700001/rerun-failed-jobs";

/// The App is told of a run.
async fn told(world: &World, url: &str, run: Value) {
    let mut patch = json!({ "workflow_run": { "id": 7_700_001 } });
    patch["workflow_run"]
        .as_object_mut()
        .unwrap()
        .extend(run.as_object().unwrap().clone());
    let webhook = json!({ "url": url, "event": "workflow_run", "repository": "acme/payments", "patch": patch });
    assert_eq!(world.control("github_webhook", webhook).await["status"], 200);
}

/// Status and message of a refusal, or of a success.
async fn post(world: &World, path: &str, token: &str) -> (u16, String) {
    let response = world.github(Method::POST, path, token).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}

async fn runs(world: &World) -> Value {
    world.control("state", json!({})).await["github_runs"].clone()
}

#[tokio::test]
async fn failed_jobs_run_again_and_the_app_is_told() {
    let world = World::start().await;
    let (app, url) = App::start().await;
    told(&world, &url, json!({})).await;
    let token = world.installation_token(4242).await;
    let (status, run) = world.get(RUN, &token).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&run["run_attempt"], &run["status"], &run["conclusion"]),
        (&json!(1), &json!("completed"), &json!("failure"))
    );
    assert_eq!(post(&world, RERUN, &token).await, (201, String::new()));
    let told = webhooks(&app, 3).await;
    let shown = |index: usize| {
        let (event, action, payload) = &told[index];
        let run = &payload["workflow_run"];
        let conclusion = run["conclusion"].as_str().unwrap_or("-");
        format!(
            "{event} {action}: attempt {} {} {conclusion}",
            run["run_attempt"],
            run["status"].as_str().unwrap()
        )
    };
    assert_eq!(shown(1), "workflow_run requested: attempt 2 queued -");
    assert_eq!(shown(2), "workflow_run completed: attempt 2 completed success");
    assert_eq!(told[2].2["sender"]["login"], "infragpt[bot]");
    assert_eq!(world.get(RUN, &token).await.1["run_attempt"], 2);
    let expected = json!([{
        "id": 7_700_001, "repository": "acme/payments", "run_attempt": 2, "status": "completed", "conclusion": "success",
    }]);
    assert_eq!(runs(&world).await, expected);
    let refused = post(&world, RERUN, &token).await;
    assert_eq!(refused, (403, "This workflow run has no failed jobs".to_owned()));
    world.control("reset", json!({})).await;
    assert_eq!(runs(&world).await, json!([]));
}

#[tokio::test]
async fn a_run_that_is_not_over_does_not_run_again() {
    let world = World::start().await;
    let (_app, url) = App::start().await;
    told(&world, &url, json!({ "status": "in_progress", "conclusion": null })).await;
    let token = world.installation_token(4242).await;
    let refused = post(&world, RERUN, &token).await;
    assert_eq!(refused, (403, "This workflow is already running".to_owned()));
    assert_eq!(runs(&world).await[0]["run_attempt"], 1);
}

#[tokio::test]
async fn who_may_not_is_refused() {
    let world = World::start().await;
    let (_app, url) = App::start().await;
    told(&world, &url, json!({})).await;
    let token = world.installation_token(4242).await;
    assert_eq!(post(&world, RERUN, "ghs_other").await.0, 401);
    assert_eq!(post(&world, RERUN, &jwt()).await.0, 401);
    for path in [
        RERUN.replace("7700001", "7700002"),
        RERUN.replace("payments", "checkout"),
        RERUN.replace("acme", "globex"),
        RERUN.replace("7700001", "x"),
    ] {
        assert_eq!(post(&world, &path, &token).await.0, 404, "{path}");
    }
    let refused = (403, "Resource not accessible by integration".to_owned());
    world.control("github_app", json!({ "actions": "read" })).await;
    assert_eq!(post(&world, RERUN, &token).await, refused);
    assert_eq!(world.get(RUN, &token).await.0, 200);
    assert_eq!(
        world.get("/app/installations/4242", &jwt()).await.1["permissions"]["actions"],
        "read"
    );
    world.control("github_app", json!({ "actions": "none" })).await;
    assert_eq!(world.get(RUN, &token).await.0, 403);
    assert_eq!(
        world.get("/app/installations/4242", &jwt()).await.1["permissions"]["actions"],
        Value::Null
    );
    let (status, _) = world
        .control_raw("github_app", json!({ "actions": "all" }).to_string())
        .await;
    assert_eq!(status, 400);
    assert_eq!(runs(&world).await[0]["run_attempt"], 1);
}
