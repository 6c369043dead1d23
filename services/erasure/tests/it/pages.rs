//! However much there is, it is taken page by page.

use infragpt_nats::Eraser;

use crate::harness::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_bounded_in_number_and_in_size() {
    let installation = Installation::start().await;
    let eraser = Eraser::new(&installation.connect("erasure").await);
    assert_eq!(eraser.newest("RAW_SLACK", "raw.slack.>").await.unwrap(), None);
    for _ in 0..6 {
        installation.slack("T1", &"x".repeat(3_000_000)).await;
    }
    for _ in 0..600 {
        installation.slack("T1", "short").await;
    }
    assert_eq!(eraser.newest("RAW_SLACK", "raw.slack.>").await.unwrap(), Some(606));
    let mut pages = Vec::new();
    let mut after = 0;
    loop {
        let page = eraser.page("RAW_SLACK", "raw.slack.T1.>", after).await.unwrap();
        let Some(last) = page.last() else { break };
        let bytes: usize = page.iter().map(|message| message.payload.len()).sum();
        pages.push((page.len(), bytes));
        assert!(
            page.iter()
                .zip(after + 1..)
                .all(|(message, expected)| message.sequence == expected)
        );
        after = last.sequence;
    }
    assert_eq!(after, 606);
    assert!(
        pages
            .iter()
            .all(|(length, bytes)| *length <= 512 && *bytes < 12_000_000),
        "{pages:?}"
    );
    assert!(pages.len() >= 4, "{pages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_twice_is_erasing_once() {
    let installation = Installation::start().await;
    let eraser = Eraser::new(&installation.connect("erasure").await);
    let place = installation.slack("T1", "canary").await;
    installation.slack("T1", "other").await;
    assert!(eraser.erase("RAW_SLACK", place).await.unwrap());
    assert!(!eraser.erase("RAW_SLACK", place).await.unwrap());
    assert!(!eraser.erase("RAW_SLACK", 1_000).await.unwrap(), "there never was one");
    assert_eq!(installation.files_with("canary"), 0);
    // Its last one is gone, and there still is a newest one.
    let last = installation.slack("T1", "last").await;
    assert!(eraser.erase("RAW_SLACK", last).await.unwrap());
    assert_eq!(eraser.newest("RAW_SLACK", "raw.slack.>").await.unwrap(), Some(last - 1));
}
