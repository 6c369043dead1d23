//! Events that are valid, and that a table or this build can't take as they are.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use infragpt_events::change::ChangeKind;

use super::fixture::{Fixture, Log, at, changed, organization, writer};
use crate::{
    Batch,
    changes::{self, Change, Filter},
    checkpoint, conversations, event_index,
};

/// An organization's changes.
async fn changed_in(fixture: &Fixture, name: &str, filter: &Filter) -> Vec<Change> {
    let connection = &mut *fixture.connection().await;
    let page = changes::page(connection, &organization(name), filter, None, 100).await;
    page.unwrap().rows
}

#[tokio::test]
async fn what_postgresql_cannot_hold_is_projected_in_a_form_that_it_can() {
    let fixture = Fixture::start().await;
    let mut change = changed(ChangeKind::Push, &"x\0".repeat(3000), 1);
    change.title = "a\0b".to_owned();
    change.details = vec!["\0".to_owned()];
    change.reference = Some("\0".to_owned());
    change.occurred_at = DateTime::<Utc>::MIN_UTC;
    let mut log = Log::of("acme")
        .change("1", change.clone())
        .asked("1\0", "1\0", "what\0?");
    log.events[0].envelope.id = "e\0".repeat(4000);
    log.events[0].envelope.time = Some(DateTime::<Utc>::MAX_UTC);
    fixture.apply(&log.events).await;

    let acme = organization("acme");
    let filter = Filter {
        repository: Some(change.repository),
        ..Filter::default()
    };
    let found = changed_in(&fixture, "acme", &filter).await;
    assert_eq!(found[0].title, "a\u{fffd}b");
    assert_eq!(found[0].details, ["\u{fffd}"]);
    let found = event_index::find(&fixture.database, &log.events[0].envelope.id)
        .await
        .unwrap();
    assert_eq!(found.len(), 1, "an over-long id is still found by the whole of it");
    assert_eq!(
        conversations::page(
            &mut *fixture.connection().await,
            &acme,
            &conversations::Filter::default(),
            None,
            10
        )
        .await
        .unwrap()
        .rows[0]
            .thread_id,
        "1\u{fffd}"
    );
}

#[tokio::test]
async fn an_event_that_this_build_cannot_read_is_indexed_and_holds_up_nothing() {
    let fixture = Fixture::start().await;
    let mut log = Log::of("acme");
    for minutes in 1..=5 {
        log = log.change(
            &minutes.to_string(),
            changed(ChangeKind::Push, "acme/payments", minutes),
        );
    }
    log.events[0].payload = Bytes::from_static(b"{");
    log.events[1].envelope.kind = "dev.infragpt.change.recorded.v99".to_owned();
    let renamed = log.events[2].subject.replace("recorded", "unheard_of");
    log.events[2].subject = renamed;
    log.events[3].subject = "events.starship.acme.1.launched".to_owned();
    let batch = Batch::decode(log.events.clone());
    let unreadable: Vec<_> = batch
        .unreadable()
        .map(|(event, failure)| format!("{} {failure}", event.sequence))
        .collect();
    assert_eq!(
        unreadable.len(),
        3,
        "an aggregate that no read model takes is no failure: {unreadable:?}"
    );
    assert!(
        unreadable[1].starts_with("2 ") && unreadable[1].contains("upgrade"),
        "{unreadable:?}"
    );

    fixture.apply(&log.events).await;
    let found = changed_in(&fixture, "acme", &Filter::default()).await;
    assert_eq!(
        found.iter().map(|change| change.occurred_at).collect::<Vec<_>>(),
        [at(5)]
    );
    assert_eq!(
        event_index::correlated(&fixture.database, "case").await.unwrap().len(),
        5
    );
}

#[tokio::test]
async fn a_row_that_postgresql_refuses_is_left_out_and_the_rest_goes_on() {
    let fixture = Fixture::start().await;
    sqlx::query("ALTER TABLE changes ADD CHECK (repository_key <> 'acme/poison')")
        .execute(&fixture.database)
        .await
        .unwrap();
    let log = Log::of("acme")
        .change("1", changed(ChangeKind::Push, "acme/payments", 1))
        .change("2", changed(ChangeKind::Push, "acme/poison", 2))
        .change("3", changed(ChangeKind::Push, "acme/payments", 3));
    let mut writer = writer(&fixture.database).await;
    writer.write(&Batch::decode(log.events)).await.unwrap();
    assert_eq!(writer.position(), 3);
    assert_eq!(checkpoint::load(&fixture.database, "EVENTS").await.unwrap(), 3);
    assert_eq!(
        changes::since(&fixture.database, &organization("acme"), at(0))
            .await
            .unwrap(),
        2
    );
    assert_eq!(event_index::find(&fixture.database, "event-2").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_fact_of_an_unknown_account_is_indexed_without_an_organization() {
    let fixture = Fixture::start().await;
    let mut fact = Log::of("acme").asked("1", "1", "hi").events.remove(0);
    fact.stream = "RAW_SLACK".to_owned();
    fact.subject = "raw.slack.T9.app_mention".to_owned();
    fact.envelope.organization = None;
    fixture.apply(&[fact]).await;
    let found = event_index::find(&fixture.database, "event-1").await.unwrap();
    assert_eq!(
        (&*found[0].stream, found[0].organization_id.as_deref()),
        ("RAW_SLACK", None)
    );
    assert_eq!(
        event_index::caused_by(&fixture.database, "event-0").await.unwrap(),
        found
    );
    assert_eq!(
        conversations::count(&fixture.database, &organization("acme"))
            .await
            .unwrap(),
        0
    );
}
