use std::time::Duration;

use futures::future::join_all;
use infragpt_events::integration::{Connected, ResourceKind};
use serde_json::{Value, json};

use super::world::{UNCLEAR, World, authorized, connected, names};
use crate::{Condition, Connector, Failure, Returned, github::Github};

async fn connect(github: &Github) -> Connected {
    let authorization = authorized(github, &Returned::Account("4242".to_owned())).await.unwrap();
    connected(github, &authorization)
}

async fn change(world: &World, action: &str) -> Value {
    world
        .control("github_installation", json!({"id": 4242, "action": action}))
        .await
}

#[tokio::test]
async fn an_installation_is_as_github_has_it() {
    let world = World::start().await;
    let github = world.github();
    let connected = connect(&github).await;
    let working = Condition::Working {
        scopes: Some(connected.scopes.clone()),
    };
    assert_eq!(github.validate(&connected, None).await, Ok(working.clone()));
    change(&world, "suspend").await;
    assert!(matches!(
        github.validate(&connected, None).await,
        Ok(Condition::Suspended(_))
    ));
    assert!(matches!(
        github.synchronize(&connected, None).await,
        Err(Failure::Refused(_))
    ));
    change(&world, "unsuspend").await;
    assert_eq!(github.validate(&connected, None).await, Ok(working));

    github.revoke(&connected, None).await.unwrap();
    assert!(matches!(
        github.validate(&connected, None).await,
        Ok(Condition::Gone(_))
    ));
    github.revoke(&connected, None).await.unwrap();
    assert_eq!(world.calls("github.uninstall").await, 2);
}

#[tokio::test]
async fn another_apps_key_does_not_make_an_installation_gone() {
    let world = World::start().await;
    let connected = connect(&world.github()).await;
    let stranger = world.github_with(&json!({"app_id": 7}));
    let condition = stranger.validate(&connected, None).await.unwrap();
    assert!(
        matches!(&condition, Condition::Broken(reason) if reason.contains("github.app_id")),
        "{condition:?}"
    );
    assert!(matches!(
        stranger.revoke(&connected, None).await,
        Err(Failure::Unauthorized(_))
    ));
    let other_key = include_str!("../github/fixtures/keys/other.pem");
    let forger = world.github_with(&json!({"private_key": other_key}));
    assert!(matches!(
        forger.validate(&connected, None).await,
        Ok(Condition::Broken(_))
    ));
}

#[tokio::test]
async fn without_a_key_nothing_is_known() {
    let world = World::start().await;
    let connected = connect(&world.github()).await;
    let keyless = world.github_with(&json!({"app_id": null, "private_key": null}));
    assert!(matches!(
        keyless.validate(&connected, None).await,
        Err(Failure::NotConfigured(_))
    ));
    assert!(matches!(
        keyless.synchronize(&connected, None).await,
        Err(Failure::NotConfigured(_))
    ));
    assert!(matches!(
        keyless.revoke(&connected, None).await,
        Err(Failure::NotConfigured(_))
    ));
}

#[tokio::test]
async fn unchanged_pages_cost_nothing() {
    let world = World::with(|configuration| {
        configuration.github.repositories = (0..250).map(|number| format!("acme/service-{number:03}")).collect();
    })
    .await;
    let github = world.github();
    let connected = connect(&github).await;
    let listed = github.synchronize(&connected, None).await.unwrap();
    assert_eq!(listed[0].kind, ResourceKind::Repository);
    assert_eq!(names(&listed).len(), 250);
    assert_eq!(names(&listed)[249], "acme/service-249");
    assert!(
        listed[0].resources[0]
            .url
            .as_ref()
            .unwrap()
            .ends_with("/acme/service-000")
    );
    assert_eq!(world.calls("github.repositories").await, 3);

    // More calls than GitHub would answer, if they counted.
    world.control("github_rate_limit", json!({"remaining": 2})).await;
    for calls in [6, 9] {
        assert_eq!(github.synchronize(&connected, None).await.unwrap(), listed);
        assert_eq!(world.calls("github.repositories").await, calls);
    }
    assert_eq!(world.calls("github.access_tokens").await, 1);

    world.control("github_rate_limit", json!({"remaining": 100})).await;
    let removed = json!({"id": 4242, "action": "remove", "repository": "acme/service-000"});
    world.control("github_installation", removed).await;
    let listed = github.synchronize(&connected, None).await.unwrap();
    assert_eq!(names(&listed).len(), 249);
}

#[tokio::test]
async fn two_hundred_who_need_a_token_make_github_give_one() {
    let world = World::start().await;
    let github = world.github();
    let connected = connect(&github).await;
    world
        .control(
            "fault",
            json!({"method": "github.access_tokens", "kind": "delay", "ms": 200}),
        )
        .await;
    let listings = join_all((0..200).map(|_| github.synchronize(&connected, None))).await;
    assert!(listings.iter().all(Result::is_ok));
    assert_eq!(world.calls("github.access_tokens").await, 1);
}

#[tokio::test]
async fn who_stops_waiting_does_not_stop_the_others() {
    let world = World::start().await;
    let github = world.github();
    let connected = connect(&github).await;
    world
        .control(
            "fault",
            json!({"method": "github.access_tokens", "kind": "delay", "ms": 300}),
        )
        .await;
    let hurried = tokio::time::timeout(Duration::from_millis(50), github.synchronize(&connected, None)).await;
    assert!(hurried.is_err());
    github.synchronize(&connected, None).await.unwrap();
    assert_eq!(world.calls("github.access_tokens").await, 1);
}

#[tokio::test]
async fn a_token_that_is_refused_is_made_anew_once() {
    let world = World::start().await;
    let github = world.github();
    let connected = connect(&github).await;
    github.synchronize(&connected, None).await.unwrap();
    world.control("expire_tokens", json!({"service": "github"})).await;
    github.synchronize(&connected, None).await.unwrap();
    assert_eq!(world.calls("github.access_tokens").await, 2);
}

#[tokio::test]
async fn an_outage_says_nothing_about_the_installation() {
    let world = World::start().await;
    for kind in UNCLEAR {
        let github = world.github();
        let connected = connect(&github).await;
        world.fault("github.installation", kind, 3).await;
        let condition = github.validate(&connected, None).await;
        assert!(
            matches!(condition, Err(Failure::Unavailable(_))),
            "{kind}: {condition:?}"
        );
        world.fault("github.repositories", kind, 2).await;
        let listed = github.synchronize(&connected, None).await.unwrap();
        assert_eq!(names(&listed), ["acme/payments", "acme/checkout"], "{kind}");
    }
}

#[tokio::test]
async fn limits_are_told_with_their_end() {
    let world = World::start().await;
    let github = world.github();
    let connected = connect(&github).await;
    world
        .control("github_rate_limit", json!({"remaining": 0, "reset_in": 600}))
        .await;
    let Err(Failure::RateLimited(wait)) = github.validate(&connected, None).await else {
        panic!("the primary limit")
    };
    assert!((590..=602).contains(&wait.as_secs()), "{wait:?}");
    world.control("github_rate_limit", json!({"remaining": 100})).await;
    world
        .control(
            "fault",
            json!({"method": "github.installation", "kind": "rate_limit", "retry_after": 30}),
        )
        .await;
    assert_eq!(
        github.validate(&connected, None).await,
        Err(Failure::RateLimited(Duration::from_secs(30)))
    );
    world
        .control(
            "fault",
            json!({"method": "github.installation", "kind": "rate_limit", "retry_after": 1}),
        )
        .await;
    assert!(matches!(
        github.validate(&connected, None).await,
        Ok(Condition::Working { .. })
    ));
}
