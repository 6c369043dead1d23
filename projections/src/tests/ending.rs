//! Streams whose last messages are gone, or never were events.

use infragpt_events::{
    OrganizationId,
    change::{self, Change, ChangeCommand, ChangeKind},
    organization::{self, Description, Erased, ErasedFacts, Member, Organization, OrganizationCommand, Role},
    user::{self, Person, User, UserCommand},
};

use super::{
    fixture::{Fixture, at, changed, connector, organization},
    log::{Streams, until},
};
use crate::{checkpoint, event_index, fingerprint, status};

#[tokio::test]
async fn a_stream_ends_with_the_last_message_that_it_still_has() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    for _ in 0..5 {
        streams.fact("T1").await;
    }
    streams.erase("RAW_SLACK", [5, 4]).await;
    let rebuilt = streams.rebuild(&fixture.url).await;
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
    let rebuilt = streams.rebuild(&fixture.url).await;
    // There is nothing to wait for; and where facts stood is not forgotten because their stream forgot them.
    assert_eq!(rebuilt.tables["event_index"].count, 4);
}

#[tokio::test]
async fn what_is_no_event_is_passed_over_for_good() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    streams.fact("T1").await;
    streams.noise().await;
    streams.noise().await;
    let rebuilt = streams.rebuild(&fixture.url).await;
    let slack = rebuilt
        .streams
        .iter()
        .find(|stream| stream.stream == "RAW_SLACK")
        .unwrap();
    assert_eq!((slack.projected, slack.target), (3, 3));
    assert_eq!(rebuilt.tables["event_index"].count, 1);
}

/// Has an organization decide, by the role that may write that.
async fn organize(streams: &Streams, name: &str, command: OrganizationCommand) {
    let writer = match command {
        OrganizationCommand::Erase(_) => "erasure",
        _ => "handlers",
    };
    let id = organization(name);
    let aggregate = organization::id(&id);
    streams.execute::<Organization>(writer, &id, aggregate, command).await;
}

/// Has a person's account decide, by the role that may write that.
async fn account(streams: &Streams, name: &str, command: UserCommand) {
    let writer = match command {
        UserCommand::Erase(_) => "erasure",
        _ => "handlers",
    };
    streams
        .execute::<User>(writer, &OrganizationId::nobody(), user::id(name), command)
        .await;
}

/// The moment, for a server that has a clock of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "it is compared with when a real server stored something"
)]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

#[tokio::test]
async fn an_erased_log_is_rebuilt_into_the_same_rows() {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    for name in ["acme", "rival"] {
        let describe = OrganizationCommand::Describe(Description {
            name: name.to_owned(),
            slug: None,
            updated_at: at(1),
        });
        organize(&streams, name, describe).await;
        for user in ["user_maya", "user_tom"] {
            let admit = OrganizationCommand::Admit {
                membership: format!("mem_{name}_{user}"),
                member: Member {
                    user: user.to_owned(),
                    role: Role::Admin,
                    updated_at: at(1),
                },
            };
            organize(&streams, name, admit).await;
        }
        let recorded = changed(ChangeKind::Push, "some/name", 1);
        let id = change::id(&organization(name), &connector("github"), "1");
        streams
            .execute::<Change>("handlers", &organization(name), id, ChangeCommand::Record(recorded))
            .await;
    }
    for user in ["user_maya", "user_tom"] {
        let describe = UserCommand::Describe(Person {
            user: user.to_owned(),
            name: Some(user.to_owned()),
            email: None,
            updated_at: at(1),
        });
        account(&streams, user, describe).await;
    }
    let facts = [streams.fact("T1").await, streams.fact("T2").await];
    streams.project_all(&fixture.database).await;
    let before = fingerprint(&fixture.database).await.unwrap();
    assert_eq!(before["event_index"].count, 12);

    // What the role `erasure` does, once each is deleted.
    organize(&streams, "acme", OrganizationCommand::Delete).await;
    let delete = UserCommand::Delete {
        user: "user_maya".to_owned(),
    };
    account(&streams, "user_maya", delete).await;
    streams.erase("EVENTS", [1, 2, 3, 4, 9]).await;
    streams.erase("RAW_SLACK", [facts[0]]).await;
    let erased = vec![ErasedFacts {
        stream: "RAW_SLACK".to_owned(),
        prefix: "raw.slack.T1.".to_owned(),
        sequences: vec![],
        until: now(),
    }];
    let erase = OrganizationCommand::Erase(Erased {
        events: 4,
        facts: 1,
        erased,
    });
    organize(&streams, "acme", erase).await;
    let erase = UserCommand::Erase(user::Erased {
        user: "user_maya".to_owned(),
        events: 1,
        facts: 0,
        erased: vec![],
    });
    account(&streams, "user_maya", erase).await;
    streams.project_all(&fixture.database).await;
    let erased = fingerprint(&fixture.database).await.unwrap();
    let counts = ["event_index", "changes", "members", "organizations", "users"].map(|table| erased[table].count);
    assert_eq!(counts, [10, 1, 1, 2, 2]);

    let rebuilt = streams.rebuild(&fixture.url).await;
    assert_eq!(rebuilt.tables, erased);
}
