//! What was deleted can't be connected, whenever that is noticed, and what is connected for it can be ended.

use infragpt_events::{
    ConnectorKind,
    organization::{OrganizationCommand, Role},
};
use infragpt_nats::Accounts;
use serde_json::{Value, json};

use crate::harness::Running;

async fn owner(running: &Running) -> Option<String> {
    let accounts = Accounts::new(&running.connect("integrations").await);
    let forge = ConnectorKind::parse("forge").unwrap();
    let claimed = accounts.find_now(&forge, "F1").await.unwrap();
    claimed.map(|claimed| claimed.claim.organization.to_string())
}

#[tokio::test]
async fn a_deleted_organization_can_not_be_connected() {
    let running = Running::start().await;
    let state = running.initiate().await;
    running.is_said(OrganizationCommand::Delete).await;
    let sentence = "Organization `acme` was deleted, so nothing can be connected for it.";
    let gone = (410, sentence.to_owned());
    assert_eq!(running.ask("initiate", json!({})).await, Err(gone.clone()));
    assert_eq!(
        running.ask("connect", json!({ "account": "F1" })).await,
        Err(gone.clone())
    );
    assert_eq!(running.come_back(&state, "good", json!({})).await, Err(gone));
    assert_eq!(owner(&running).await, None);
    // Others, of whom nobody told either, can.
    let other = json!({ "account": "F1", "organization": "globex" });
    assert_eq!(running.ask("connect", other).await.unwrap()["state"], "active");
    assert_eq!(owner(&running).await.as_deref(), Some("globex"));
    running.stop().await;
}

#[tokio::test]
async fn what_an_administrator_began_does_not_outlive_their_permission() {
    let running = Running::start().await;
    let state = running.initiate().await;
    running.maya_is(Role::Member).await;
    let (code, message) = running.come_back(&state, "good", json!({})).await.unwrap_err();
    assert_eq!(code, 403);
    assert!(message.contains("no administrator"), "{message}");
    assert_eq!(owner(&running).await, None);
    running.maya_is(Role::Admin).await;
    running.come_back(&state, "good", json!({})).await.unwrap();
    assert_eq!(owner(&running).await.as_deref(), Some("acme"));
    running.stop().await;
}

#[tokio::test]
async fn what_is_deleted_while_it_is_connected_does_not_stay_connected() {
    let running = Running::start().await;
    let state = running.initiate().await;
    let (came_back, ()) = tokio::join!(running.come_back(&state, "slow", json!({})), async {
        running.forge.is_asked.notified().await;
        running.is_said(OrganizationCommand::Delete).await;
        running.forge.answers.notify_one();
    });
    assert_eq!(came_back.unwrap_err().0, 410);
    let listed = running.listed().await;
    assert_eq!(
        (&listed["state"], &listed["reason"]),
        (&json!("disconnected"), &json!("the organization was deleted"))
    );
    assert_eq!(owner(&running).await, None);
    assert_eq!(running.log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages, 0);
    running.stop().await;
}

#[tokio::test]
async fn what_is_kept_for_a_connector_that_is_gone_ends_by_force_alone() {
    let mut running = Running::start().await;
    running.ask("connect", json!({ "account": "F1" })).await.unwrap();
    running.is_said(OrganizationCommand::Delete).await;
    running.forget_the_forge().await;
    assert_eq!(running.ask("disconnect", json!({})).await.unwrap_err().0, 400);
    assert_eq!(owner(&running).await.as_deref(), Some("acme"));
    let ended = running.ask("disconnect", json!({ "force": true })).await.unwrap();
    assert_eq!(
        (&ended["state"], &ended["remaining"]),
        (&json!("disconnected"), &Value::Null)
    );
    assert_eq!(owner(&running).await, None);
    assert_eq!(running.log.stream("KV_CREDENTIAL_KEYS").await.unwrap().messages, 0);
    running.stop().await;
}
