//! A deleted organization leaves nothing but that it was there, and nobody else loses anything.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::harness::{AHEAD, Installation, until};

/// What an organization leaves: 2 facts of its accounts with their dead letters, one of Clerk's with its, and events.
async fn lives(installation: &Installation, name: &str, team: &str, number: u64) {
    let canary = format!("canary-{name}-said");
    installation.describe(name).await;
    installation.fake.connect(name, "slack", team).await;
    installation.fake.connect(name, "github", &number.to_string()).await;
    installation.slack(team, &canary).await;
    installation.github(number, &canary).await;
    let said = json!({ "data": { "name": canary } });
    installation.clerk(Some(name), "organization.updated", &said).await;
}

async fn buried(installation: &Installation) {
    for (stream, consumer) in [
        ("RAW_SLACK", "slack_handler"),
        ("RAW_GITHUB", "github_handler"),
        ("EVENTS", "connections"),
    ] {
        installation.bury(stream, consumer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_organization_is_gone_from_the_files_and_others_are_not() {
    let installation = Installation::start().await;
    lives(&installation, "acme", "T1", 1).await;
    lives(&installation, "globex", "T2", 2).await;
    buried(&installation).await;
    let letters = installation.subjects("DEAD_LETTERS", ">").await;
    assert_eq!(letters.len(), 8, "two accounts and two connections each: {letters:?}");
    for canary in ["said", "name", "account"] {
        assert!(
            installation.files_with(&format!("canary-acme-{canary}")) > 0,
            "the search finds"
        );
    }

    installation.delete("acme").await;
    let running = installation.erase().await;
    let erased = installation.until_erased("acme").await;
    running.stop().await;

    assert_eq!(installation.files_with("canary-acme"), 0);
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
    let facts: Vec<String> = [
        installation.subjects("RAW_SLACK", ">").await,
        installation.subjects("RAW_GITHUB", ">").await,
        installation.subjects("RAW_CLERK", ">").await,
    ]
    .concat();
    assert_eq!(
        facts,
        [
            "raw.slack.T2.message",
            "raw.github.2.push.-",
            "raw.clerk.globex.organization_updated"
        ]
    );
    let letters = installation.subjects("DEAD_LETTERS", ">").await;
    assert_eq!(letters.len(), 4, "{letters:?}");
    for canary in ["said", "name", "account"] {
        assert!(
            installation.files_with(&format!("canary-globex-{canary}")) > 0,
            "globex's {canary}"
        );
    }
    assert_eq!(
        installation.events("globex").await,
        ["created", "authorized", "authorized"]
    );

    // Who it was asked of, and what is told of it: created, twice authorized and disconnected, and two dead letters.
    assert_eq!((erased.events, erased.facts), (7, 5));
    assert!(erased.erased.iter().all(|facts| facts.sequences.is_empty()));
    let prefixes = erased.erased.iter().map(|it| (it.stream.as_str(), it.prefix.as_str()));
    assert_eq!(
        prefixes.collect::<Vec<_>>(),
        [
            ("RAW_GITHUB", "raw.github.1."),
            ("RAW_SLACK", "raw.slack.T1."),
            ("RAW_CLERK", "raw.clerk.acme."),
        ]
    );
    let asked = installation.fake.asked();
    assert!(
        asked.iter().all(|request| request["organization"] == "acme"),
        "{asked:?}"
    );
    assert!(
        asked.iter().all(|request| request["actor"] == "system:erasure"),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_gone_after_a_restart_of_everything() {
    let mut installation = Installation::start().await;
    lives(&installation, "acme", "T1", 1).await;
    installation.delete("acme").await;
    installation.erase().await.stop_after(&installation, "acme").await;
    installation.server.kill().await.unwrap();
    installation.server.restart().await.unwrap();
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
    assert_eq!(installation.files_with("canary-acme"), 0);
    // Asked again, as after a crash before the acknowledgement: it stays as it is.
    installation.erase().await.stop_after(&installation, "acme").await;
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
}

impl crate::harness::Running {
    async fn stop_after(self, installation: &Installation, organization: &str) {
        installation.until_erased(organization).await;
        self.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_erased_before_the_connections_have_ended() {
    let installation = Installation::start().await;
    lives(&installation, "acme", "T1", 1).await;
    installation.fake.unconfirmed(4);
    installation.delete("acme").await;
    let running = installation.erase().await;
    until("both providers to be asked twice", async || {
        (installation.fake.asked().len() >= 4).then_some(())
    })
    .await;
    assert_eq!(installation.subjects("RAW_SLACK", ">").await.len(), 1);
    assert!(installation.erased("acme").await.is_none());
    installation.until_erased("acme").await;
    assert!(installation.subjects("RAW_SLACK", ">").await.is_empty());
    assert!(
        installation
            .fake
            .asked()
            .iter()
            .all(|request| request["force"] == false)
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_never_confirms_is_waited_for_half_an_hour() {
    let installation = Installation::start().await;
    lives(&installation, "acme", "T1", 1).await;
    installation.fake.unconfirmed(i64::MAX);
    installation.delete("acme").await;
    let running = installation.erase().await;
    until("a provider to be asked", async || installation.fake.asked().pop()).await;
    assert!(
        installation
            .fake
            .asked()
            .iter()
            .all(|request| request["force"] == false)
    );
    AHEAD.store(31 * 60, Ordering::Relaxed);
    installation.until_erased("acme").await;
    assert!(installation.fake.asked().iter().any(|request| request["force"] == true));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connector_left_that_is_not_configured_any_more_is_ended_by_force() {
    let installation = Installation::start().await;
    installation.fake.connect("acme", "forge", "F1").await;
    installation.delete("acme").await;
    let running = installation.erase().await;
    let erased = installation.until_erased("acme").await;
    running.stop().await;
    let asked = installation.fake.asked();
    assert!(!asked.is_empty());
    for request in asked {
        assert_eq!(
            (&request["connector"], &request["force"]),
            (&json!("forge"), &json!(true))
        );
    }
    assert_eq!(erased.events, 2);
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
    assert_eq!(installation.files_with("canary-acme"), 0);
}
