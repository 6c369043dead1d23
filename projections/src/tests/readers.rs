//! Those who read behind the wall, one after the other and at once.

use std::time::Duration;

use infragpt_events::{OrganizationId, change::ChangeKind, organization::Role};
use tokio::task::JoinSet;

use super::{
    fixture::{Fixture, Log, at, changed, opened, organization},
    wall::{enter, everything, settled, two},
};
use crate::{changes, migrate, wall::Wall};

#[tokio::test]
async fn one_statement_enters_and_reads_as_two_do() {
    let (fixture, wall) = two().await;
    let mut log = settled(settled(Log::of("acme"), "acme"), "rival")
        .and("-")
        .audited("1", opened("post", 1));
    for (whose, number) in [("acme", 20), ("rival", 21), ("acme", 22), ("acme", 23), ("rival", 24)] {
        let kind = if number % 2 == 0 {
            ChangeKind::Push
        } else {
            ChangeKind::Release
        };
        let repository = if number > 22 { "some/other" } else { "some/name" };
        log = log
            .and(whose)
            .change(&format!("{whose}/{number}"), changed(kind, repository, number));
    }
    fixture.apply(&log.events).await;
    let some = Some("Some/Name".to_owned());
    let mona = Some("MONA".to_owned());
    let filters = [
        changes::Filter::default(),
        changes::Filter {
            kinds: vec![ChangeKind::Release, ChangeKind::Push, ChangeKind::Push],
            ..changes::Filter::default()
        },
        changes::Filter {
            repository: some.clone(),
            ..changes::Filter::default()
        },
        changes::Filter {
            actor: mona.clone(),
            ..changes::Filter::default()
        },
        changes::Filter {
            repository: some,
            kinds: vec![ChangeKind::Push],
            actor: mona,
            since: Some(at(2)),
            until: Some(at(23)),
        },
    ];
    let acme = organization("acme");
    for (filter, expected) in filters.iter().zip([4, 4, 3, 4, 2]) {
        let (mut key, mut all) = (None, Vec::new());
        loop {
            let (role, page) = changes::enter(&wall, &acme, "user_acme", filter, key.as_ref(), 1)
                .await
                .unwrap();
            assert_eq!(role, Some(Role::Admin));
            let mut inside = enter(&wall, "acme", "user_acme").await;
            let apart = changes::documents(inside.connection(), &acme, filter, key.as_ref(), 1)
                .await
                .unwrap();
            drop(inside);
            assert_eq!(page, apart, "{filter:?} after {key:?}");
            all.extend(page.rows);
            key = page.next;
            if key.is_none() {
                break;
            }
        }
        assert_eq!(all.len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_reader_is_left_for_the_next_one() {
    let (_fixture, wall) = two().await;
    // As many at once as there are connections, of both organizations, some of whom stop half-way.
    for wave in 0..6 {
        let readers = (0..16).map(|number| read_somehow(wall.clone(), wave * 16 + number));
        readers.collect::<JoinSet<_>>().join_all().await;
    }
}

/// Reads, or stops half-way, and leaves, or is simply gone.
async fn read_somehow(wall: Wall, number: u32) {
    let own = if number.is_multiple_of(2) { "acme" } else { "rival" };
    let mut inside = enter(&wall, own, &format!("user_{own}")).await;
    if number.is_multiple_of(7) {
        let slow = sqlx::query("SELECT pg_sleep(0.3)").execute(inside.connection());
        tokio::time::timeout(Duration::from_millis(5), slow).await.unwrap_err();
    }
    if !number.is_multiple_of(5) {
        let rows = everything(inside.connection(), "changes").await;
        assert_eq!(rows.len(), 1);
        assert!(rows[0].contains(own), "{own} sees {rows:?}");
    }
    if number.is_multiple_of(3) {
        drop(inside);
    }
}

#[tokio::test]
async fn a_transaction_is_for_one_organization() {
    let (_fixture, wall) = two().await;
    let mut inside = enter(&wall, "acme", "user_acme").await;
    let again = sqlx::query("SELECT infragpt_enter('rival', 'user_rival')")
        .execute(inside.connection())
        .await
        .unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
}

#[tokio::test]
async fn a_reader_waits_for_its_own_writes_and_not_for_ever() {
    let (fixture, wall) = two().await;
    assert!(wall.reached(0, Duration::ZERO).await.unwrap());
    assert!(!wall.reached(7, Duration::from_millis(60)).await.unwrap());
    let waiting = tokio::spawn({
        let wall = wall.clone();
        async move { wall.reached(7, Duration::from_secs(10)).await }
    });
    tokio::task::yield_now().await;
    sqlx::query("UPDATE projection_checkpoints SET sequence = 8 WHERE stream = 'EVENTS'")
        .execute(&fixture.database)
        .await
        .unwrap();
    assert!(waiting.await.unwrap().unwrap());
    sqlx::query("UPDATE projection_checkpoints SET sequence = 99 WHERE stream = 'RAW_SLACK'")
        .execute(&fixture.database)
        .await
        .unwrap();
    assert!(
        !wall.reached(9, Duration::ZERO).await.unwrap(),
        "another stream does not count"
    );
}

#[tokio::test]
async fn only_so_many_read_at_once() {
    let (_fixture, wall) = two().await;
    let mut inside = Vec::new();
    for _ in 0..8 {
        inside.push(enter(&wall, "acme", "user_acme").await);
    }
    let refused = wall.enter(&organization("acme"), "user_acme").await.unwrap_err();
    assert!(matches!(refused, sqlx::Error::PoolTimedOut), "{refused:?}");
    for _ in 0..8 {
        inside.push(enter(&wall, "rival", "user_rival").await);
    }
    let refused = wall.enter(&organization("third"), "user_acme").await.unwrap_err();
    assert!(matches!(refused, sqlx::Error::PoolTimedOut), "{refused:?}");
    wall.reachable().await.unwrap();
    inside.pop();
    enter(&wall, "third", "user_acme").await;
}

#[tokio::test]
async fn whoever_gives_up_while_they_begin_leaves_nothing_behind() {
    let (_fixture, wall) = two().await;
    let acme = organization("acme");
    for polls in 0..200_u32 {
        let mut entering = Box::pin(wall.enter(&acme, "user_acme"));
        for _ in 0..polls % 40 {
            tokio::select! {
                biased;
                _ = &mut entering => break,
                () = tokio::task::yield_now() => {}
            }
        }
        drop(entering);
        for own in ["acme", "rival"] {
            let filter = changes::Filter::default();
            let user = format!("user_{own}");
            let (role, page) = changes::enter(&wall, &organization(own), &user, &filter, None, 50)
                .await
                .unwrap();
            assert_eq!((role, page.rows.len()), (Some(Role::Admin), 1), "{own}, after {polls}");
        }
    }
}

#[tokio::test]
async fn connections_that_broke_are_replaced() {
    let (fixture, wall) = two().await;
    enter(&wall, "acme", "user_acme").await;
    let ended = sqlx::query_scalar::<_, bool>(
        "SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'infragpt api'",
    )
    .fetch_one(&fixture.database)
    .await
    .unwrap();
    assert!(ended, "there was one");
    // Whoever is unlucky is told; the connection is gone then.
    let mut refused = 0;
    for _ in 0..3 {
        while wall.enter(&organization("acme"), "user_acme").await.is_err() {
            refused += 1;
            assert!(refused < 3);
        }
    }
}

#[tokio::test]
async fn nobody_reads_where_the_tables_are_missing() {
    let fixture = Fixture::without_database().await;
    let wall = Wall::connect(&fixture.url).unwrap();
    wall.reachable().await.unwrap_err();
    crate::create_database(&fixture.url).await.unwrap();
    wall.reachable().await.unwrap_err();
    migrate(&fixture.database).await.unwrap();
    wall.reachable().await.unwrap();
    let inside = wall.enter(&OrganizationId::nobody(), "user_acme").await.unwrap();
    assert_eq!(inside.role(), None);
}
