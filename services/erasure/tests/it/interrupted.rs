//! Who is killed anywhere is followed by one that does the rest.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Installation, until};

/// More than a page.
const FACTS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn killed_anywhere_it_comes_to_the_same() {
    let mut installation = Installation::start().await;
    installation.describe("acme").await;
    installation.fake.connect("acme", "slack", "T1").await;
    installation.fake.connect("acme", "github", "1").await;
    installation.fake.connect("globex", "slack", "T2").await;
    for number in 0..FACTS {
        installation.slack("T1", &format!("canary-acme-{number}")).await;
        if number % 10 == 0 {
            installation.slack("T2", "canary-globex-said").await;
        }
    }
    let acme = json!({ "data": { "id": "acme", "name": "canary-acme-name" } });
    installation.clerk(Some("acme"), "organization.created", &acme).await;
    installation.delete("acme").await;
    for left in [FACTS * 3 / 4, FACTS / 4] {
        let running = installation.erase().await;
        until("some of it to be erased", async || {
            let facts = installation.subjects("RAW_SLACK", "raw.slack.T1.>").await;
            (facts.len() < left).then_some(())
        })
        .await;
        running.kill().await;
        let facts = installation.subjects("RAW_SLACK", "raw.slack.T1.>").await;
        assert!(!facts.is_empty(), "it was killed half-way");
    }
    // Told to end it ends soon, whatever is left.
    let left = async || installation.subjects("RAW_SLACK", "raw.slack.T1.>").await.len();
    let running = installation.erase().await;
    until("more of it to be erased", async || {
        (left().await < FACTS / 6).then_some(())
    })
    .await;
    let told = Instant::now();
    running.stop().await;
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    // The server is killed, too.
    let running = installation.erase().await;
    until("more of it to be erased", async || {
        (left().await < FACTS / 10).then_some(())
    })
    .await;
    assert!(left().await > 0, "it was killed half-way");
    installation.server.kill().await.unwrap();
    installation.server.restart().await.unwrap();
    let erased = installation.until_erased("acme").await;
    running.stop().await;
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
    assert_eq!(installation.subjects("RAW_SLACK", ">").await.len(), FACTS / 10);
    // nats-server notes that a message is gone before it overwrites it. What it was at when it was killed nobody can read any
    // more, or erase, and it stays in the file until that is compacted.
    let left = installation.files_with("canary-acme-");
    assert!(left <= 1, "the one message that the server was at: {left}");
    // The prefixes are all there, and the counts are what the last of them erased.
    let prefixes: Vec<&str> = erased.erased.iter().map(|it| it.prefix.as_str()).collect();
    assert_eq!(prefixes, ["raw.github.1.", "raw.slack.T1.", "raw.clerk.acme."]);
    assert!(erased.facts < u64::try_from(FACTS / 4).unwrap(), "{}", erased.facts);
}

/// `erased` is in the log, and what told whose the accounts were is still there.
#[tokio::test(flavor = "multi_thread")]
async fn killed_after_it_was_recorded_the_rest_is_erased() {
    let installation = Installation::start().await;
    for number in 0..40 {
        installation.fake.connect("acme", "slack", &format!("T{number}")).await;
        installation.fake.end("acme", "slack").await;
    }
    installation.delete("acme").await;
    let running = installation.erase().await;
    let recorded = until("it to be recorded", async || installation.erased("acme").await).await;
    running.kill().await;
    let left = installation.events("acme").await;
    assert!(left.len() > 2, "it was killed before the rest was erased: {left:?}");
    let running = installation.erase().await;
    installation.until_idle().await;
    running.stop().await;
    assert_eq!(installation.events("acme").await, ["deleted", "erased"]);
    assert_eq!(installation.erased("acme").await, Some(recorded.clone()), "once");
    assert_eq!(recorded.events, 80);
}
