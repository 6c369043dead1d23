//! Posting with tokens of a real vault.

mod operations;

use std::sync::Arc;

use infragpt_events::OrganizationId;
use infragpt_nats::{Call, Cause, ServiceError};
use infragpt_vault::{Credential, Owner, Vault};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    installation::Installation,
    slack::connect,
    world::{World, now},
};
use crate::{Connector, Operation};

fn owner(connector: &dyn Connector) -> Owner {
    Owner::new(OrganizationId::parse("acme").unwrap(), connector.kind())
}

fn cause() -> Cause {
    Cause {
        id: "test".to_owned(),
        correlation: "test".to_owned(),
        actor: "operator:test".to_owned(),
        time: now(),
        traceparent: None,
        origin: infragpt_nats::Origin::default(),
    }
}

async fn store(vault: &Vault, slack: &dyn Connector, credential: &Credential) {
    let cause = Cause {
        id: format!("stored {credential:?} {}", fastrand::u64(..)),
        ..cause()
    };
    vault.store(&owner(slack), credential, &cause).await.unwrap();
}

fn post(slack: &Arc<dyn Connector>, vault: &Vault) -> Operation {
    let operations = Arc::clone(slack).operations(vault.clone());
    let mut operations = operations.into_iter();
    operations.find(|operation| operation.name == "post").unwrap()
}

async fn say(operation: &Operation, organization: &str, text: &str) -> Result<Value, ServiceError> {
    let request = json!({
        "organization": organization, "account": "T0ACME", "channel": "C0OPS", "thread": "1.000000",
        "answer_id": Uuid::now_v7(), "text": text,
    });
    (operation.run)(Call {
        payload: request.to_string().into(),
        subject: "connector.v1.slack.post".to_owned(),
    })
    .await
}

async fn code(operation: &Operation, organization: &str) -> u16 {
    say(operation, organization, "hello").await.unwrap_err().code
}

#[tokio::test]
async fn answers_go_out_with_the_token_of_their_organization() {
    let (world, installation) = (World::start().await, Installation::start().await);
    let (slack, vault) = (world.slack(), installation.vault().await);
    let operation = post(&slack, &vault);
    assert_eq!(code(&operation, "acme").await, 404, "nothing is connected");
    assert_eq!(code(&operation, "a b").await, 400);

    let authorization = connect(&world, &*slack, "workspace").await;
    store(&vault, &*slack, authorization.credential.as_ref().unwrap()).await;
    say(&operation, "acme", "one").await.unwrap();
    assert_eq!(world.calls("auth.test").await, 0, "it asks for nothing else");
    assert_eq!(
        code(&operation, "globex").await,
        404,
        "another organization has no token"
    );

    // Slack refuses the token long before it was to end.
    world.control("expire_tokens", json!({})).await;
    say(&operation, "acme", "two").await.unwrap();
    assert_eq!(
        world.calls("oauth.v2.access").await,
        2,
        "one for the code, one for the refresh"
    );
    say(&operation, "acme", "three").await.unwrap();
    assert_eq!(world.calls("chat.postMessage").await, 4, "one of them was refused");

    world.control("slack_uninstall", json!({"timeout_ms": 1})).await;
    assert_eq!(code(&operation, "acme").await, 401);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_exchanged_once_for_all() {
    let (world, installation) = (World::start().await, Installation::start().await);
    let (slack, vault) = (world.slack(), installation.vault().await);
    let authorization = connect(&world, &*slack, "workspace").await;
    let ending = Credential {
        expires_at: Some(now() + chrono::TimeDelta::minutes(1)),
        ..authorization.credential.clone().unwrap()
    };
    store(&vault, &*slack, &ending).await;
    let operation = post(&slack, &vault);
    let said = futures::future::join_all((0..20).map(|_| say(&operation, "acme", "hello"))).await;
    assert!(said.iter().all(Result::is_ok), "{said:?}");
    assert_eq!(
        world.calls("oauth.v2.access").await,
        2,
        "one for the code, one for the refresh"
    );
}

#[tokio::test]
async fn a_token_that_another_copy_replaced_is_found() {
    let (world, installation) = (World::start().await, Installation::start().await);
    let slack = world.slack();
    let (ours, theirs) = (installation.vault().await, installation.vault().await);
    let first = connect(&world, &*slack, "workspace").await;
    store(&ours, &*slack, first.credential.as_ref().unwrap()).await;
    let operation = post(&slack, &ours);
    say(&operation, "acme", "one").await.unwrap();
    // Ours isn't told: it doesn't listen.
    world.control("expire_tokens", json!({})).await;
    let second = connect(&world, &*slack, "workspace").await;
    store(&theirs, &*slack, second.credential.as_ref().unwrap()).await;
    say(&operation, "acme", "two").await.unwrap();
    assert_eq!(world.calls("oauth.v2.access").await, 2, "two codes, and no refresh");
}

#[tokio::test]
async fn a_token_that_nothing_replaces_is_a_401() {
    let (world, installation) = (World::start().await, Installation::start().await);
    let (slack, vault) = (world.slack(), installation.vault().await);
    let returned = crate::Returned::Token("xoxb-sandbox".into());
    let authorization = super::world::authorized(&*slack, &returned).await.unwrap();
    store(&vault, &*slack, authorization.credential.as_ref().unwrap()).await;
    let operation = post(&slack, &vault);
    say(&operation, "acme", "one").await.unwrap();
    world
        .control(
            "fault",
            json!({"method": "chat.postMessage", "kind": "error", "error": "token_revoked"}),
        )
        .await;
    assert_eq!(code(&operation, "acme").await, 401);
    assert_eq!(world.calls("oauth.v2.access").await, 0);
}
