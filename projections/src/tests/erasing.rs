//! What is deleted and erased is in no table any more.

use infragpt_events::{
    change::ChangeKind,
    integration::ResourceKind,
    organization::{CompanySize, Deleted, Erased, ErasedFacts, Role},
    user,
};
use infragpt_nats::Received;

use super::fixture::{
    Fixture, Log, at, authorized, changed, created, granted, joined, opened, organization, profile, proposed,
    registered,
};
use crate::{checkpoint, event_index, members, organizations, users};

/// Everything that an organization can have.
fn settled(log: Log, name: &str) -> Log {
    log.and(name)
        .organization(created(name, 1))
        .organization(profile(CompanySize::UpTo10))
        .organization(joined("maya", Role::Admin, 1))
        .integration("github", authorized("github", name))
        .integration("github", granted("github", ResourceKind::Repository, &["some/name"]))
        .change(&format!("{name}/push-1"), changed(ChangeKind::Push, "some/name", 1))
        .asked(name, "1.0", "what changed?")
        .answered(name, "1.0", "a push")
        .audited("1", opened("post", 1))
        .action(1, proposed("restart"))
}

/// How many rows each table with organizations has of one.
async fn rows_of(fixture: &Fixture, name: &str) -> Vec<(String, i64)> {
    let tables = sqlx::query_scalar::<_, String>(
        "SELECT table_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY table_name COLLATE \"C\"",
    )
    .fetch_all(&fixture.database)
    .await
    .unwrap();
    assert_eq!(tables.len(), 10, "{tables:?}");
    let mut rows = Vec::new();
    for table in tables {
        let count = format!("SELECT count(*) FROM {table} WHERE organization_id = $1");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .bind(name)
            .fetch_one(&fixture.database)
            .await
            .unwrap();
        rows.push((table, count));
    }
    rows
}

fn with_rows(rows: &[(String, i64)]) -> Vec<(&str, i64)> {
    let with = rows.iter().filter(|(_, count)| *count > 0);
    with.map(|(table, count)| (&**table, *count)).collect()
}

fn erased(facts: Vec<ErasedFacts>) -> Erased {
    Erased {
        events: 10,
        facts: 0,
        erased: facts,
    }
}

/// A fact of a stream at a place in it, stored at its minute.
fn fact(stream: &str, subject: &str, sequence: u64) -> Received {
    let mut fact = Log::of("acme").asked("1", "1", "hi").events.remove(0);
    fact.envelope.id = format!("{stream}-{sequence}");
    fact.envelope.organization = None;
    stream.clone_into(&mut fact.stream);
    subject.clone_into(&mut fact.subject);
    fact.sequence = sequence;
    fact.published = at(i64::try_from(sequence).unwrap());
    fact
}

async fn is_indexed(fixture: &Fixture, fact: &Received) -> bool {
    let found = event_index::find(&fixture.database, &fact.envelope.id).await.unwrap();
    !found.is_empty()
}

#[tokio::test]
async fn a_deleted_organization_is_in_no_table_at_once() {
    let fixture = Fixture::start().await;
    let log = settled(settled(Log::of("acme"), "acme"), "rival");
    fixture.apply(&log.events).await;
    let before = rows_of(&fixture, "rival").await;
    assert!(before.iter().all(|(_, count)| *count > 0), "{before:?}");
    assert_eq!(rows_of(&fixture, "acme").await, before);

    let log = log.and("acme").organization(Deleted {});
    fixture.apply(&log.events[20..]).await;
    let left = rows_of(&fixture, "acme").await;
    assert_eq!(with_rows(&left), [("event_index", 11), ("organizations", 1)]);
    let (name, deleted_at) = sqlx::query_as::<_, (Option<String>, Option<chrono::DateTime<chrono::Utc>>)>(
        "SELECT name, deleted_at FROM organizations WHERE organization_id = 'acme'",
    )
    .fetch_one(&fixture.database)
    .await
    .unwrap();
    assert_eq!((name, deleted_at), (None, Some(at(21))));
    assert_eq!(rows_of(&fixture, "rival").await, before, "the other stays");
    let connection = &mut *fixture.connection().await;
    let found = organizations::find(connection, &organization("acme")).await.unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn what_comes_late_about_a_deleted_organization_is_only_indexed() {
    let late = settled(Log::of("acme").organization(Deleted {}), "acme");
    for size in [1, 4, 20] {
        let fixture = Fixture::start().await;
        for batch in late.events.chunks(size) {
            fixture.apply(batch).await;
        }
        let left = rows_of(&fixture, "acme").await;
        assert_eq!(
            with_rows(&left),
            [("event_index", 11), ("organizations", 1)],
            "in batches of {size}"
        );
    }
}

#[tokio::test]
async fn of_an_erased_organization_the_index_knows_its_end_and_what_came_after() {
    let fixture = Fixture::start().await;
    let log = settled(settled(Log::of("acme"), "acme"), "rival")
        .and("acme")
        .organization(Deleted {})
        .asked("acme", "2.0", "still there?")
        .organization(erased(vec![]))
        .audited("2", opened("late", 9));
    fixture.apply(&log.events).await;
    let left = rows_of(&fixture, "acme").await;
    assert_eq!(with_rows(&left), [("event_index", 3), ("organizations", 1)]);
    let indexed = event_index::latest(&fixture.database, &organization("acme"), 10)
        .await
        .unwrap();
    let kinds: Vec<_> = indexed.iter().map(|entry| &*entry.kind).collect();
    assert_eq!(
        kinds,
        [
            "dev.infragpt.audit.recorded.v3",
            "dev.infragpt.organization.erased.v1",
            "dev.infragpt.organization.deleted.v1",
        ]
    );
}

#[tokio::test]
async fn erased_facts_are_indexed_no_more_even_on_their_way() {
    let fixture = Fixture::start().await;
    // A test's batches move no checkpoints; the erasure holds up those that there are.
    checkpoint::load(&fixture.database, "RAW_SLACK").await.unwrap();
    let before = [
        fact("RAW_SLACK", "raw.slack.T1.message", 1),
        fact("RAW_SLACK", "raw.slack.T10.message", 2),
        fact("RAW_SLACK", "raw.slack.T1.message", 30),
        fact("RAW_CLERK", "raw.clerk.-.user_created", 1),
        fact("RAW_CLERK", "raw.clerk.-.user_created", 2),
    ];
    fixture.apply(&before[..3]).await;
    fixture.apply(&before[3..]).await;
    let under_a_prefix = ErasedFacts {
        stream: "RAW_SLACK".to_owned(),
        prefix: "raw.slack.T1.".to_owned(),
        sequences: vec![],
        until: at(20),
    };
    let listed = ErasedFacts {
        stream: "RAW_CLERK".to_owned(),
        prefix: String::new(),
        sequences: vec![2, 4],
        until: at(20),
    };
    let nothing = ErasedFacts {
        prefix: String::new(),
        ..under_a_prefix.clone()
    };
    let log = Log::of("acme")
        .organization(Deleted {})
        .organization(erased(vec![under_a_prefix, listed, nothing]));
    fixture.apply(&log.events).await;
    let on_their_way = [
        fact("RAW_SLACK", "raw.slack.T1.message", 3),
        fact("RAW_SLACK", "raw.slack.T10.message", 4),
        fact("RAW_SLACK", "raw.slack.T1.message", 31),
        fact("RAW_CLERK", "raw.clerk.-.user_created", 4),
        fact("RAW_CLERK", "raw.clerk.-.user_created", 5),
    ];
    fixture.apply(&on_their_way[..3]).await;
    fixture.apply(&on_their_way[3..]).await;
    let mut indexed = Vec::new();
    for fact in before.iter().chain(&on_their_way) {
        indexed.push(is_indexed(&fixture, fact).await);
    }
    assert_eq!(
        indexed,
        [false, true, true, true, false, false, true, true, false, true],
        "what has the prefix and was stored before, and what is listed"
    );
}

#[tokio::test]
async fn a_deleted_person_is_known_by_their_identifier_alone_and_belongs_nowhere() {
    let join = |log: Log, whose: &str| log.and(whose).organization(joined("maya", Role::Admin, 1));
    let log = join(join(Log::of("acme"), "acme"), "rival")
        .organization(joined("tom", Role::Member, 1))
        .user(registered("tom", 1))
        .user(registered("maya", 1))
        .user(user::Deleted {
            user: "user_maya".to_owned(),
        })
        .organization(infragpt_events::organization::MemberAdded {
            membership: "mem_late".to_owned(),
            ..joined("maya", Role::Admin, 9)
        })
        .user(registered("maya", 9));
    for size in [1, 3, 20] {
        let fixture = Fixture::start().await;
        for batch in log.events.chunks(size) {
            fixture.apply(batch).await;
        }
        let connection = &mut *fixture.connection().await;
        assert_eq!(users::find(connection, "user_maya").await.unwrap(), None);
        for whose in ["acme", "rival"] {
            let found = members::find(connection, &organization(whose), "user_maya")
                .await
                .unwrap();
            assert_eq!(found, None, "in batches of {size}");
        }
        let others = members::find(connection, &organization("rival"), "user_tom")
            .await
            .unwrap();
        assert!(others.is_some_and(|tom| tom.email.is_some()));
        let written = sqlx::query_scalar::<_, String>("SELECT users::text FROM users WHERE user_id = 'user_maya'")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert!(!written.contains("example.test"), "{written}");
    }
}

#[tokio::test]
async fn of_an_erased_person_the_index_knows_their_end() {
    let fixture = Fixture::start().await;
    let log = Log::of("acme")
        .user(registered("maya", 1))
        .user(registered("tom", 1))
        .user(user::Deleted {
            user: "user_maya".to_owned(),
        })
        .user(user::Erased {
            user: "user_maya".to_owned(),
            events: 1,
            facts: 0,
            erased: vec![],
        });
    fixture.apply(&log.events).await;
    let nobody = infragpt_events::OrganizationId::nobody();
    let indexed = event_index::latest(&fixture.database, &nobody, 10).await.unwrap();
    let kinds: Vec<_> = indexed.iter().map(|entry| &*entry.kind).collect();
    assert_eq!(
        kinds,
        [
            "dev.infragpt.user.erased.v1",
            "dev.infragpt.user.deleted.v1",
            "dev.infragpt.user.registered.v1",
        ]
    );
    assert_eq!(indexed[2].event_id, "event-2", "that is tom's");
}
