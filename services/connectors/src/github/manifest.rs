//! What the App asks for is what its manifest in `manifests/` says, for those who make an App. Nothing here is asked at run time:
//! whoever makes the App decides.
//!
//! Source: <https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest>.

use serde_json::{Value, json};

use super::EventType;

const MANIFEST: &str = include_str!("../../manifests/github.json");

/// The events that mean something to us, besides those about installations, which every App gets.
const EVENTS: [EventType; 6] = [
    EventType::DeploymentStatus,
    EventType::PullRequest,
    EventType::Push,
    EventType::Release,
    EventType::Repository,
    EventType::WorkflowRun,
];

#[test]
fn the_manifest_asks_for_what_is_needed() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    assert_eq!(
        manifest["default_events"],
        json!(EVENTS.each_ref().map(EventType::as_str))
    );
    let permissions = json!({
        // `workflow_run`, and failed jobs that somebody has run again
        "actions": "write",
        // `push` and `release`
        "contents": "read",
        // `deployment_status`
        "deployments": "read",
        // Every App has to; `repository`
        "metadata": "read",
        // `pull_request`
        "pull_requests": "read",
    });
    assert_eq!(manifest["default_permissions"], permissions);
}

#[test]
fn the_manifest_leads_back_here() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let here = |path: &str| json!(format!("https://infragpt.example.com{path}"));
    assert_eq!(manifest["hook_attributes"]["url"], here("/webhooks/github"));
    assert_eq!(manifest["callback_urls"], json!([here("/oauth/github/callback")]));
    assert_eq!(manifest["setup_url"], here("/oauth/github/setup"));
    // The state that binds an installation to whoever asked comes back to the setup address only without it.
    assert_eq!(manifest["request_oauth_on_install"], false);
}
