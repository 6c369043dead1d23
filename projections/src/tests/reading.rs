//! What the queries return, and how fast.

use std::time::{Duration, Instant};

use infragpt_events::{
    change::{self, ChangeKind},
    integration::ResourceKind,
};

use super::fixture::{Fixture, Log, at, authorized, changed, connector, granted, organization};
use crate::{
    changes::{self, Filter},
    heartbeat, queries,
};

#[tokio::test]
async fn changes_are_filtered_by_repository_kind_and_time_and_cut_at_the_limit() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .change("1", changed(ChangeKind::Push, "acme/payments", 1))
        .change("2", changed(ChangeKind::Release, "acme/web", 2))
        .change("3", changed(ChangeKind::WorkflowRunFailed, "acme/payments", 3))
        .change("4", changed(ChangeKind::Push, "acme/payments", 4));
    fixture.apply(&log.events).await;
    let titles = async |repository: Option<&str>, kinds: &[ChangeKind], since, until, limit| {
        let filter = Filter {
            repository: repository.map(str::to_owned),
            kinds: kinds.to_vec(),
            since: Some(at(since)),
            until: Some(at(until)),
            ..Filter::default()
        };
        let connection = &mut *fixture.connection().await;
        let page = changes::page(connection, &organization("acme"), &filter, None, limit)
            .await
            .unwrap();
        (
            page.rows.into_iter().map(|change| change.title).collect::<Vec<_>>(),
            page.next.is_some(),
        )
    };
    let all = ["push at 4", "workflow_run_failed at 3", "release at 2", "push at 1"];
    assert_eq!(
        titles(None, &[], 0, 60, 10).await,
        (all.map(str::to_owned).to_vec(), false)
    );
    assert!(!titles(None, &[], 0, 60, 4).await.1, "all of them fit");
    assert_eq!(titles(None, &[], 0, 60, 1).await, (vec!["push at 4".to_owned()], true));
    assert_eq!(
        titles(None, &[], 2, 4, 10).await.0,
        ["workflow_run_failed at 3", "release at 2"],
        "until is exclusive"
    );
    assert_eq!(
        titles(Some("ACME/Web"), &[], 0, 60, 10).await.0,
        ["release at 2"],
        "in any case"
    );
    assert_eq!(
        titles(Some("acme/payments"), &[ChangeKind::Push], 0, 60, 10).await.0,
        ["push at 4", "push at 1"]
    );
    assert_eq!(
        titles(Some("acme/payments"), &[ChangeKind::Release], 0, 60, 10).await.0,
        [""; 0]
    );
}

#[tokio::test]
async fn tools_answer_in_the_form_that_agents_know() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .integration("github", authorized("github", "I1"))
        .integration(
            "github",
            granted("github", ResourceKind::Repository, &["acme/web", "acme/payments"]),
        )
        .change("1", changed(ChangeKind::Push, "acme/payments", 1));
    fixture.apply(&log.events).await;
    let request = serde_json::json!({ "grant": "-", "since": at(0), "until": at(60), "organization": "rival" });
    let request = serde_json::from_value(request).unwrap();
    let page = queries::changes::answer(&fixture.database, &organization("acme"), request)
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_value(page).unwrap(),
        serde_json::json!({
            "changes": [{
                "id": change::id(&organization("acme"), &connector("github"), "1"),
                "kind": "push",
                "repository": "acme/payments",
                "title": "push at 1",
                "url": "https://example.test/1",
                "actor": { "id": "7", "name": "mona", "url": null },
                "reference": "main",
                "revision": null,
                "details": ["one", "two"],
                "occurred_at": "2026-11-22T00:01:00Z",
            }],
            "truncated": false,
        })
    );
    let mut connection = fixture.database.acquire().await.unwrap();
    let connected = queries::integrations::answer(&mut connection, &organization("acme"), at(60))
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_value(connected).unwrap(),
        serde_json::json!({
            "integrations": [{
                "connector": "github",
                "state": "active",
                "reason": null,
                "account": { "id": "I1", "name": "I1 Inc." },
                "authorized_at": "2026-11-22T00:01:00Z",
                "repositories": ["acme/payments", "acme/web"],
                "channels": [],
            }],
        })
    );
}

#[tokio::test]
async fn status_counts_and_says_whether_it_is_current() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .change("1", changed(ChangeKind::Push, "acme/payments", -1))
        .change("2", changed(ChangeKind::Push, "acme/payments", 1))
        .asked("1.0", "1.0", "status");
    fixture.apply(&log.events).await;
    let status = async || {
        let answer = queries::status::answer(&fixture.database, &organization("acme"), at(600))
            .await
            .unwrap();
        serde_json::to_value(answer).unwrap()
    };
    let mut expected = serde_json::json!({
        "integrations": [],
        "conversations": 1,
        "changes_today": 1,
        "last_change_at": "2026-11-22T00:01:00Z",
        "projection_lag_seconds": null,
    });
    assert_eq!(status().await, expected, "never projected completely");
    heartbeat::beat(&fixture.database, "EVENTS").await.unwrap();
    expected["projection_lag_seconds"] = 0.0.into();
    assert_eq!(status().await, expected);
    sqlx::query("UPDATE projection_heartbeats SET complete_at = complete_at - interval '1 hour'")
        .execute(&fixture.database)
        .await
        .unwrap();
    let lag = status().await["projection_lag_seconds"].as_f64().unwrap();
    assert!((3600.0..3660.0).contains(&lag), "{lag}");
}

#[tokio::test]
async fn a_page_of_many_changes_is_read_from_an_index() {
    let fixture = Fixture::start().await;
    sqlx::query(
        "INSERT INTO changes
         SELECT 'o' || n % 10, gen_random_uuid(), 'github', 'push', 'acme/r' || n % 50, '1', 'mona', '{}',
                timestamptz '2026-01-01' + n * interval '1 minute', n
         FROM generate_series(1, 50000) AS n",
    )
    .execute(&fixture.database)
    .await
    .unwrap();
    sqlx::query("ANALYZE").execute(&fixture.database).await.unwrap();
    let filter = Filter {
        repository: Some("acme/r7".to_owned()),
        ..Filter::default()
    };
    let connection = &mut *fixture.connection().await;
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        let page = changes::documents(connection, &organization("o7"), &filter, None, 50)
            .await
            .unwrap();
        times.push(start.elapsed());
        assert_eq!((page.rows.len(), page.next.is_some()), (50, true));
    }
    times.sort();
    // Loose: other tests run beside this one. A scan of the table takes 20 ms.
    assert!(times[25] < Duration::from_millis(10), "the median of {times:?}");
}
