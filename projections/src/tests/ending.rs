//! Streams whose last messages are gone, or never were events.

use infragpt_events::organization::{self, Description, Organization, OrganizationCommand};

use super::{
    fixture::{Fixture, at, organization},
    log::{Streams, until},
};
use crate::{checkpoint, event_index, rebuild, status};

#[tokio::test]
async fn a_stream_ends_with_the_last_message_that_it_still_has() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    for _ in 0..5 {
        streams.fact("T1").await;
    }
    streams.erase("RAW_SLACK", [5, 4]).await;
    let rebuilt = rebuild(&fixture.url, &streams.connect("projections").await, |_| {})
        .await
        .unwrap();
    let slack = rebuilt
        .streams
        .iter()
        .find(|stream| stream.stream == "RAW_SLACK")
        .unwrap();
    assert_eq!((slack.projected, slack.target), (3, 3));
    assert_eq!(rebuilt.tables["event_index"].count, 3);

    let operator = streams.connect("operator").await;
    let known = status(&fixture.database, &operator).await.unwrap();
    let slack = known.iter().find(|stream| stream.stream == "RAW_SLACK").unwrap();
    assert_eq!((slack.checkpoint, slack.last_sequence, slack.lag), (3, 5, 0));
}

#[tokio::test]
async fn tools_know_that_they_are_current_when_the_last_event_is_gone() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    let acme = organization("acme");
    let describe = |minutes| {
        OrganizationCommand::Describe(Description {
            name: format!("Acme {minutes}"),
            slug: None,
            updated_at: at(minutes),
        })
    };
    for minutes in 1..=3 {
        let id = organization::id(&acme);
        streams
            .execute::<Organization>("handlers", &acme, id, describe(minutes))
            .await;
    }
    streams.erase("EVENTS", [3, 2]).await;
    let projecting = streams.project(&fixture.database).await;
    until("a heartbeat", async || {
        let complete = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM projection_heartbeats")
            .fetch_one(&fixture.database)
            .await
            .unwrap();
        (complete == 1).then_some(())
    })
    .await;
    assert_eq!(checkpoint::load(&fixture.database, "EVENTS").await.unwrap(), 1);
    projecting.stop().await;
}

#[tokio::test]
async fn a_stream_that_forgot_everything_is_taken_up_again_where_it_was() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    for _ in 0..3 {
        streams.fact("T1").await;
    }
    streams.project_all(&fixture.database).await;
    streams.erase("RAW_SLACK", 1..=3).await;
    let projecting = streams.project(&fixture.database).await;
    assert_eq!(streams.fact("T1").await, 4);
    until("the new fact to be indexed", async || {
        let found = event_index::find(&fixture.database, "fact-4").await.unwrap();
        (!found.is_empty()).then_some(())
    })
    .await;
    projecting.stop().await;

    streams.erase("RAW_SLACK", [4]).await;
    let rebuilt = rebuild(&fixture.url, &streams.connect("projections").await, |_| {})
        .await
        .unwrap();
    assert_eq!(rebuilt.tables["event_index"].count, 0, "there is nothing to wait for");
}

#[tokio::test]
async fn what_is_no_event_is_passed_over_for_good() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    streams.fact("T1").await;
    streams.noise().await;
    streams.noise().await;
    let rebuilt = rebuild(&fixture.url, &streams.connect("projections").await, |_| {})
        .await
        .unwrap();
    let slack = rebuilt
        .streams
        .iter()
        .find(|stream| stream.stream == "RAW_SLACK")
        .unwrap();
    assert_eq!((slack.projected, slack.target), (3, 3));
    assert_eq!(rebuilt.tables["event_index"].count, 1);
}
