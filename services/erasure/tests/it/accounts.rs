//! An account can belong to several organizations, one after the other: each loses what it said to them.

use infragpt_events::organization::ErasedFacts;
use serde_json::json;

use crate::harness::{Installation, until};

/// T1 was acme's, then globex's, then acme's again.
async fn passed_around(installation: &Installation) -> [u64; 3] {
    installation.fake.connect("acme", "slack", "T1").await;
    let first = installation.slack("T1", "canary-acme-first").await;
    installation.bury("RAW_SLACK", "slack_handler").await;
    installation.fake.end("acme", "slack").await;
    installation.fake.connect("globex", "slack", "T1").await;
    let second = installation.slack("T1", "canary-globex-second").await;
    installation.bury("RAW_SLACK", "slack_handler").await;
    installation.fake.end("globex", "slack").await;
    installation.fake.connect("acme", "slack", "T1").await;
    let third = installation.slack("T1", "canary-acme-third").await;
    [first, second, third]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_said_to_another_organization_stays() {
    let installation = Installation::start().await;
    let [_, _, third] = passed_around(&installation).await;
    installation.delete("acme").await;
    let running = installation.erase().await;
    let erased = installation.until_erased("acme").await;
    assert_eq!(installation.files_with("canary-acme"), 0);
    assert_eq!(installation.subjects("RAW_SLACK", ">").await, ["raw.slack.T1.message"]);
    assert_eq!(installation.subjects("DEAD_LETTERS", ">").await.len(), 1);
    assert!(
        installation.files_with("canary-globex-second") >= 2,
        "the fact and its dead letter"
    );
    // What it said first is told by the prefix, and what it said after globex had it one by one.
    let slack: Vec<&ErasedFacts> = erased.erased.iter().filter(|it| it.stream == "RAW_SLACK").collect();
    let left = installation.log.read("RAW_SLACK", ">", 0).await.unwrap().remove(0);
    let [prefix, listed] = slack[..] else {
        panic!("{slack:?}")
    };
    assert_eq!(prefix.prefix, "raw.slack.T1.");
    assert!(prefix.until < left.published, "{prefix:?}");
    assert_eq!((listed.prefix.as_str(), &listed.sequences[..]), ("", &[third][..]));

    installation.delete("globex").await;
    installation.until_erased("globex").await;
    running.stop().await;
    assert_eq!(installation.files_with("canary-"), 0);
    assert!(installation.subjects("RAW_SLACK", ">").await.is_empty());
    assert!(installation.subjects("DEAD_LETTERS", ">").await.is_empty());
}

/// Who connects an account while it is erased for another loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_to_the_next_one_meanwhile_stays() {
    let installation = Installation::start().await;
    for connected in [("github", "7"), ("slack", "T1")] {
        installation.fake.connect("acme", connected.0, connected.1).await;
    }
    for number in 0..200 {
        installation.github(7, &format!("canary-acme-{number}")).await;
    }
    installation.slack("T1", "canary-acme-said").await;
    installation.delete("acme").await;
    let running = installation.erase().await;
    // GitHub's come first, one after the other.
    until("the erasure to have begun", async || {
        let left = installation.subjects("RAW_GITHUB", ">").await.len();
        (left < 199).then_some(())
    })
    .await;
    assert_eq!(
        installation.subjects("RAW_SLACK", ">").await.len(),
        1,
        "it has not come to it"
    );
    installation.fake.connect("globex", "slack", "T1").await;
    installation.slack("T1", "canary-globex-says").await;
    installation.until_erased("acme").await;
    running.stop().await;
    assert_eq!(installation.files_with("canary-acme"), 0);
    assert_eq!(installation.subjects("RAW_SLACK", ">").await.len(), 1);
    assert!(installation.files_with("canary-globex-says") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_has_any_more_is_erased_with_who_had_it_last() {
    let installation = Installation::start().await;
    installation.fake.connect("acme", "github", "7").await;
    installation.github(7, "canary-acme-said").await;
    installation.fake.end("acme", "github").await;
    // Its own farewell comes after that.
    installation.github(7, "canary-acme-uninstalled").await;
    // Nobody's: it belongs to no installation.
    let subject = infragpt_nats::RawSubject::github(None, "ping", None);
    installation.fact("github", &subject, "{}").await;
    installation.delete("acme").await;
    let running = installation.erase().await;
    let erased = installation.until_erased("acme").await;
    running.stop().await;
    assert_eq!(erased.facts, 2);
    assert_eq!(installation.files_with("canary-acme"), 0);
    assert_eq!(
        installation.subjects("RAW_GITHUB", ">").await,
        ["raw.github.app.ping.-"]
    );
}

/// What an enterprise hears is filed under its workspaces.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_to_an_enterprise_in_its_workspaces_is_erased() {
    let installation = Installation::start().await;
    installation.fake.connect("acme", "slack", "E1").await;
    installation.fake.connect("globex", "slack", "T2").await;
    let said = |enterprise: &str, text: &str| json!({ "enterprise_id": enterprise, "text": text }).to_string();
    let mut places = Vec::new();
    for (team, enterprise, canary) in [
        ("T1", "E1", "canary-acme-workspace"),
        ("T2", "E1", "canary-globex-workspace"),
        ("T3", "E2", "canary-initech-workspace"),
        ("E1", "E1", "canary-acme-enterprise"),
    ] {
        let subject = infragpt_nats::RawSubject::slack(team, "message");
        places.push(installation.fact("slack", &subject, said(enterprise, canary)).await);
    }
    installation.bury("RAW_SLACK", "slack_handler").await;
    installation.delete("acme").await;
    let running = installation.erase().await;
    let erased = installation.until_erased("acme").await;
    running.stop().await;
    assert_eq!(installation.files_with("canary-acme"), 0);
    assert_eq!(
        installation.subjects("RAW_SLACK", ">").await,
        ["raw.slack.T2.message", "raw.slack.T3.message"]
    );
    assert_eq!(installation.subjects("DEAD_LETTERS", ">").await.len(), 2);
    let listed: Vec<&[u64]> = erased
        .erased
        .iter()
        .map(|it| &it.sequences[..])
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(listed, [&places[..1]]);
    assert_eq!(erased.facts, 4);
}
