//! What the queries return.

use infragpt_events::{
    change::{self, ChangeKind},
    conversation,
    integration::ResourceKind,
};

use super::fixture::{Fixture, Log, at, authorized, changed, connector, granted, organization, place};
use crate::{
    changes::{self, Filter},
    conversations, heartbeat, queries, resources,
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

/// Goes through a list page by page.
macro_rules! walk {
    ($limit:literal, $key:ident => $page:expr, $name:expr) => {{
        let (mut $key, mut names) = (None, Vec::new());
        loop {
            let page = $page.await.unwrap();
            assert!(page.rows.len() <= $limit);
            names.extend(page.rows.iter().map($name));
            $key = page.next;
            if $key.is_none() {
                break names.join(" ");
            }
        }
    }};
}

#[tokio::test]
async fn conversations_and_their_messages_are_read_page_by_page() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .asked("1", "1.0", "a")
        .asked("2", "2.0", "b")
        .asked("3", "3.0", "c")
        .asked("1", "1.1", "d")
        .answered("3", "3.0", "posted")
        .asked("1", "1.2", "e")
        .asked("4", "4.0", "f");
    let mut log = log;
    // Two of them at the same time.
    log.events[6].envelope.time = log.events[5].envelope.time;
    fixture.apply(&log.events).await;
    let acme = &organization("acme");
    let connection = &mut *fixture.connection().await;
    let filter = |channel: &str, since: i64, until: i64| conversations::Filter {
        channel: Some(channel.to_owned()),
        since: Some(at(since)),
        until: Some(at(until)),
    };
    let any = conversations::Filter::default();
    let threads = |one: &conversations::Conversation| one.thread_id.clone();
    let all = walk!(1, key => conversations::page(connection, acme, &any, key.as_ref(), 1), threads);
    assert!(["1 4 3 2", "4 1 3 2"].contains(&&*all), "{all}");
    let here = filter("C1", 2, 6);
    let some = walk!(1, key => conversations::page(connection, acme, &here, key.as_ref(), 1), threads);
    assert_eq!(some, "3 2", "until is exclusive");
    let elsewhere = filter("C2", 0, 60);
    assert_eq!(
        walk!(1, key => conversations::page(connection, acme, &elsewhere, key.as_ref(), 1), threads),
        ""
    );

    let thread = conversation::id(&place("1"));
    let said = walk!(2, key => conversations::messages_page(connection, acme, thread, key.as_ref(), 2),
        |message: &conversations::Message| message.text.clone());
    assert_eq!(said, "a d e");
    let found = conversations::find(connection, acme, thread).await.unwrap().unwrap();
    assert_eq!((&*found.thread_id, found.started_at), ("1", at(1)));
    let missing = conversations::find(connection, acme, conversation::id(&place("9")))
        .await
        .unwrap();
    assert_eq!(missing, None);
}

#[tokio::test]
async fn what_an_integration_sees_is_read_page_by_page_and_found_by_its_name() {
    let fixture = Fixture::start().await;
    let repositories = ["acme/web", "acme/Payments", "other/payments", "acme/100%"];
    let log = Log::of("acme")
        .integration("github", authorized("github", "I1"))
        .integration("github", granted("github", ResourceKind::Repository, &repositories))
        .integration("slack", authorized("slack", "T1"))
        .integration("slack", granted("slack", ResourceKind::Channel, &["payments"]));
    fixture.apply(&log.events).await;
    let acme = &organization("acme");
    let connection = &mut *fixture.connection().await;
    let mut named = async |contained: Option<&str>| {
        let filter = resources::Filter {
            name_contains: contained.map(str::to_owned),
        };
        let kind = ResourceKind::Repository;
        walk!(2, key => resources::page(connection, acme, kind, &filter, key.as_ref(), 2),
            |one: &resources::Resource| one.name.clone())
    };
    assert_eq!(named(None).await, "acme/100% acme/Payments acme/web other/payments");
    assert_eq!(named(Some("PAY")).await, "acme/Payments other/payments");
    assert_eq!(named(Some("%")).await, "acme/100%", "it is no pattern");
    assert_eq!(named(Some("")).await, named(None).await);
    assert_eq!(named(Some("nothing\0")).await, "");
}

#[tokio::test]
async fn changes_are_read_page_by_page_also_of_one_moment() {
    let fixture = Fixture::start().await;
    let mut log = Log::of("acme");
    for number in 0..7_i64 {
        let mut change = changed(
            ChangeKind::ALL[usize::try_from(number % 5).unwrap()],
            "acme/web",
            number / 3,
        );
        change.title = number.to_string();
        // Their identifier is another's name.
        change.actor.id = ["7", "mona"][usize::try_from(number % 2).unwrap()].to_owned();
        change.actor.name = ["Mona", "lisa"][usize::try_from(number % 2).unwrap()].to_owned();
        log = log.change(&number.to_string(), change);
    }
    fixture.apply(&log.events).await;
    let acme = &organization("acme");
    let connection = &mut *fixture.connection().await;
    let mut titles = async |filter: Filter| {
        walk!(2, key => changes::page(connection, acme, &filter, key.as_ref(), 2),
            |change: &changes::Change| change.title.clone())
    };
    let any = Filter::default;
    assert_eq!(titles(any()).await, "6 5 4 3 2 1 0");
    let of = |actor: &str| Filter {
        actor: Some(actor.to_owned()),
        ..any()
    };
    assert_eq!(titles(of("lisa")).await, "5 3 1");
    assert_eq!(titles(of("MONA")).await, "6 5 4 3 2 1 0", "a name or an identifier");
    assert_eq!(titles(of("7")).await, "6 4 2 0");
    let two = Filter {
        kinds: vec![ChangeKind::ALL[1], ChangeKind::ALL[0], ChangeKind::ALL[1]],
        ..any()
    };
    assert_eq!(titles(two.clone()).await, "6 5 1 0");
    let both = Filter {
        actor: Some("lisa".to_owned()),
        repository: Some("ACME/web".to_owned()),
        ..two.clone()
    };
    assert_eq!(titles(both.clone()).await, "5 1");
    let elsewhere = Filter {
        repository: Some("acme/other".to_owned()),
        ..both
    };
    assert_eq!(titles(elsewhere).await, "");
    let between = Filter {
        since: Some(at(1)),
        until: Some(at(2)),
        ..any()
    };
    assert_eq!(titles(between.clone()).await, "5 4 3");
    let hostile = changes::Key {
        occurred_at: at(60),
        sequence: i64::MAX,
    };
    let page = changes::page(connection, acme, &between, Some(&hostile), 10)
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 3, "a key behind the end is no way around it");
}

#[tokio::test]
async fn a_change_is_found_by_its_identity() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme").change("1", changed(ChangeKind::Push, "acme/web", 1));
    fixture.apply(&log.events).await;
    let connection = &mut *fixture.connection().await;
    let id = change::id(&organization("acme"), &connector("github"), "1");
    let found = changes::find(connection, &organization("acme"), id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, &*found.title, found.occurred_at), (id, "push at 1", at(1)));
    assert_eq!(
        changes::find(connection, &organization("rival"), id).await.unwrap(),
        None
    );
}
