//! Installations of the GitHub App: whose they are, what happens to them on GitHub, and what never arrived.

use infragpt::environment::Browser;
use serde_json::{Value, json};

use crate::{
    connections::{app, initiate, listed, until_state},
    harness::state_of,
};

#[tokio::test]
async fn an_installation_that_somebody_can_not_access_is_not_theirs() {
    let app = app(&[]).await;
    let browser = Browser::new().unwrap();
    for (case, person, account) in [("unknown", "maya", "999"), ("a stranger", "eve", "4242")] {
        let url = initiate(&app, "acme", "github", &["--account", account]).await;
        let authorize = browser.open(&url).await.unwrap().ok().unwrap();
        let fields = [("login", person), ("decision", "authorize")];
        let page = browser.submit(&authorize, &fields).await.unwrap();
        assert!(page.status.is_client_error(), "{case}: {} {}", page.status, page.text());
        assert_ne!(listed(&app, "acme", "github").await["state"], "active", "{case}");
    }
    // The number in the address that GitHub sends people to can be written by hand.
    let url = initiate(&app, "acme", "github", &[]).await;
    let state = state_of(&url);
    let setup = format!(
        "{}/oauth/github/setup?installation_id=999&setup_action=install&state={state}",
        app.installation.endpoints.api_url
    );
    let authorize = browser.open(&setup).await.unwrap().ok().unwrap();
    let fields = [("login", "maya"), ("decision", "authorize")];
    let page = browser.submit(&authorize, &fields).await.unwrap();
    assert!(page.status.is_client_error(), "{}", page.text());
    assert_eq!(app.log.stream("KV_CONNECTOR_ACCOUNTS").await.unwrap().messages, 0);
    app.finish().await;
}

#[tokio::test]
async fn an_installation_that_an_owner_has_to_approve_waits_and_is_claimable_then() {
    let app = app(&[]).await;
    let browser = Browser::new().unwrap();
    let url = initiate(&app, "acme", "github", &[]).await;
    let install = browser.open(&url).await.unwrap();
    let fields = [("login", "tom"), ("account", "globex"), ("selection", "all")];
    let page = browser.submit(&install, &fields).await.unwrap();
    assert!(page.text().contains("Not connected yet"), "{}", page.text());
    let approved = app
        .control
        .call("github_approve", &json!({ "account": "globex" }))
        .await
        .unwrap();
    let installation = approved["installation_id"].to_string();
    // What happens there before anybody claims it is part of the story afterwards.
    let push = json!({
        "url": app.github_url(), "event": "push", "repository": "globex/shop",
        "patch": { "installation": { "id": approved["installation_id"] } },
    });
    app.control.github_webhook(&push).await.unwrap();
    app.settled().await.unwrap();
    assert!(app.log.read("EVENTS", "events.change.>", 0).await.unwrap().is_empty());
    let url = initiate(&app, "acme", "github", &["--account", &installation]).await;
    let authorize = browser.open(&url).await.unwrap().ok().unwrap();
    let fields = [("login", "maya"), ("decision", "authorize")];
    let page = browser.submit(&authorize, &fields).await.unwrap();
    assert!(page.status.is_success(), "{}", page.text());
    app.until("the earlier push", async || {
        Ok((app.log.read("EVENTS", "events.change.>", 0).await?.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    app.finish().await;
}

#[tokio::test]
async fn what_happens_to_an_installation_on_github_happens_here() {
    let app = app(&[]).await;
    let url = initiate(&app, "acme", "github", &[]).await;
    app.installation.allow_github(&url, "acme").await.unwrap().ok().unwrap();
    let before = listed(&app, "acme", "github").await["resources"].as_u64().unwrap();
    let act = async |action: Value| {
        let mut request = json!({ "id": 4242 });
        request
            .as_object_mut()
            .unwrap()
            .extend(action.as_object().unwrap().clone());
        app.control.call("github_installation", &request).await.unwrap();
    };
    act(json!({ "action": "add", "repository": "acme/new-service" })).await;
    app.until("the new repository", async || {
        Ok((listed(&app, "acme", "github").await["resources"] == before + 1).then_some(()))
    })
    .await
    .unwrap();
    act(json!({ "action": "rename", "repository": "acme/new-service", "to": "renamed-service" })).await;
    act(json!({ "action": "remove", "repository": "acme/renamed-service" })).await;
    app.until("the repository to be gone", async || {
        Ok((listed(&app, "acme", "github").await["resources"] == before).then_some(()))
    })
    .await
    .unwrap();
    let granted = app
        .log
        .read("EVENTS", "events.integration.acme.*.resource_granted", 0)
        .await
        .unwrap();
    assert!(
        granted
            .iter()
            .any(|event| String::from_utf8_lossy(&event.payload).contains("renamed-service"))
    );
    act(json!({ "action": "suspend" })).await;
    until_state(&app, "github", "suspended").await;
    act(json!({ "action": "unsuspend" })).await;
    until_state(&app, "github", "active").await;
    act(json!({ "action": "uninstall" })).await;
    let ended = until_state(&app, "github", "disconnected").await;
    assert!(ended["reason"].as_str().unwrap().contains("maya"), "{ended}");
    app.settled().await.unwrap();
    // The account is free again: somebody else can claim the next installation.
    app.finish().await;
}

#[tokio::test]
async fn a_delivery_that_never_arrived_is_sent_again() {
    let mut app = app(&[("INFRAGPT_GITHUB_RECONCILE_SECONDS", "1")]).await;
    app.connect_acme().await;
    let lost = json!({ "event": "push", "repository": "acme/payments", "lose": true });
    app.control.call("github_webhook", &lost).await.unwrap();
    app.until("the lost delivery", async || {
        Ok((app.log.read("EVENTS", "events.change.>", 0).await?.len() == 1).then_some(()))
    })
    .await
    .unwrap();
    app.settled().await.unwrap();
    assert_eq!(app.log.stream("RAW_GITHUB").await.unwrap().messages, 1);
    app.finish().await;
}
