//! The database, its migrations, checkpoints, and who is the active projector.

use std::time::Duration;

use infragpt_events::change::ChangeKind;
use tokio::time::timeout;

use super::fixture::{Fixture, Log, at, changed, writer};
use crate::{
    Batch, checkpoint, connect, create_database, database, drop_database, fingerprint, migrate, projector::Lock,
};

#[tokio::test]
async fn the_database_is_made_once_and_migrated_by_whoever_comes() {
    let fixture = Fixture::without_database().await;
    migrate(&fixture.database).await.expect_err("there is no database yet");
    let made = tokio::join!(create_database(&fixture.url), create_database(&fixture.url));
    assert_eq!(
        u8::from(made.0.unwrap()) + u8::from(made.1.unwrap()),
        1,
        "one of two makes it"
    );
    assert!(!create_database(&fixture.url).await.unwrap());
    let migrated = tokio::join!(migrate(&fixture.database), migrate(&fixture.database));
    migrated.0.unwrap();
    migrated.1.unwrap();
    assert_eq!(fingerprint(&fixture.database).await.unwrap().len(), 12);
}

#[tokio::test]
async fn a_wrong_url_is_refused_without_repeating_it() {
    for url in [
        "postgres://infragpt:s3cret@host:port/name",
        "s3cret",
        "mysql://s3cret@host/name",
    ] {
        let error = connect(&url.into(), "test").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    assert!(matches!(
        connect(&"postgres://host".into(), "test"),
        Err(database::Error::Unnamed)
    ));
}

#[tokio::test]
async fn two_projectors_cannot_both_advance() {
    let fixture = Fixture::start().await;
    let events = Log::of("acme")
        .change("1", changed(ChangeKind::Push, "acme/web", 1))
        .events;
    let mut one = writer(&fixture.database).await;
    let mut other = writer(&fixture.database).await;
    let batch = Batch::decode(events);
    let (first, second) = tokio::join!(one.write(&batch), other.write(&batch));
    assert_eq!(
        usize::from(first.is_ok()) + usize::from(second.is_ok()),
        1,
        "{first:?} {second:?}"
    );
    assert_eq!(checkpoint::load(&fixture.database, "EVENTS").await.unwrap(), 1);
}

#[tokio::test]
async fn rows_of_a_transaction_that_lost_its_checkpoint_are_not_kept() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .change("1", changed(ChangeKind::Push, "acme/web", 1))
        .change("2", changed(ChangeKind::Push, "acme/web", 2));
    let mut writer = writer(&fixture.database).await;
    writer.write(&Batch::decode(log.events[..1].to_vec())).await.unwrap();
    checkpoint::reset(&fixture.database).await.unwrap();
    let refused = writer
        .write(&Batch::decode(log.events[1..].to_vec()))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("no longer at 1"), "{refused}");
    assert!(
        fingerprint(&fixture.database)
            .await
            .unwrap()
            .values()
            .all(|table| table.count == 0)
    );
}

#[tokio::test]
async fn a_standby_waits_until_the_active_projector_lets_go() {
    let fixture = Fixture::start().await;
    let mut active = Lock::acquire(&fixture.database).await.unwrap();
    let database = fixture.database.clone();
    let mut standby = tokio::spawn(async move { Lock::acquire(&database).await.unwrap() });
    timeout(Duration::from_millis(300), &mut standby)
        .await
        .expect_err("two are active");
    assert_eq!(active.check().await.unwrap(), []);
    active.release().await;
    let mut standby = timeout(Duration::from_secs(5), standby)
        .await
        .expect("the standby takes over")
        .unwrap();
    standby.check().await.unwrap();
}

#[tokio::test]
async fn a_projector_whose_lock_connection_is_gone_knows_it() {
    let fixture = Fixture::start().await;
    let mut active = Lock::acquire(&fixture.database).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'infragpt projector'")
        .execute(&fixture.database)
        .await
        .unwrap();
    active.check().await.unwrap_err();
    let mut next = timeout(Duration::from_secs(5), Lock::acquire(&fixture.database))
        .await
        .unwrap()
        .unwrap();
    next.check().await.unwrap();
}

#[tokio::test]
async fn the_pool_survives_a_dropped_database() {
    let fixture = Fixture::start().await;
    fixture
        .apply(
            &Log::of("acme")
                .change("1", changed(ChangeKind::Push, "acme/web", 1))
                .events,
        )
        .await;
    database::reachable(&fixture.database).await.unwrap();
    drop_database(&fixture.url).await.unwrap();
    database::reachable(&fixture.database).await.unwrap_err();
    checkpoint::load(&fixture.database, "EVENTS").await.unwrap_err();
    assert!(create_database(&fixture.url).await.unwrap());
    checkpoint::load(&fixture.database, "EVENTS").await.unwrap_err();
    migrate(&fixture.database).await.unwrap();
    assert_eq!(checkpoint::load(&fixture.database, "EVENTS").await.unwrap(), 0);
    fixture
        .apply(
            &Log::of("acme")
                .change("1", changed(ChangeKind::Push, "acme/web", 1))
                .events,
        )
        .await;
    let count = crate::changes::since(&fixture.database, &super::fixture::organization("acme"), at(0))
        .await
        .unwrap();
    assert_eq!(count, 1);
}
