//! Generations on real servers: built beside what is read, compared, swapped, looked at.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use infragpt_events::{
    change::{self, Change, ChangeCommand, ChangeKind},
    organization::{self, Description, Member, Organization, OrganizationCommand, Role},
};
use serde_json::json;

use super::{
    fixture::{Fixture, at, changed, connector, organization},
    log::Streams,
};
use crate::{
    Rebuilt, connect, fingerprint,
    generation::{self, Error, Kind, Moment, Question, Renewal, State},
    rebuild,
    wall::Wall,
};

/// An organization with an administrator, `user_maya`.
async fn settle(streams: &Streams, name: &str) {
    let id = organization(name);
    let describe = OrganizationCommand::Describe(Description {
        name: name.to_owned(),
        slug: None,
        updated_at: at(1),
    });
    let admit = OrganizationCommand::Admit {
        membership: format!("mem_{name}"),
        member: Member {
            user: "user_maya".to_owned(),
            role: Role::Admin,
            updated_at: at(1),
        },
    };
    for command in [describe, admit] {
        streams
            .execute::<Organization>("handlers", &id, organization::id(&id), command)
            .await;
    }
}

/// Records a change, and returns where.
async fn record(streams: &Streams, name: &str, number: u32) -> u64 {
    let recorded = changed(ChangeKind::Push, "some/name", i64::from(number));
    let id = change::id(&organization(name), &connector("github"), &number.to_string());
    streams
        .execute::<Change>("handlers", &organization(name), id, ChangeCommand::Record(recorded))
        .await
}

async fn renewed(fixture: &Fixture, streams: &Streams, renewal: Renewal) -> Rebuilt {
    rebuild(
        &fixture.url,
        &streams.connect("projections").await,
        &streams.connect("operator").await,
        renewal,
        |_| {},
    )
    .await
    .unwrap()
}

/// Two organizations with a change each, projected.
async fn two() -> (Fixture, Streams) {
    let (fixture, streams) = tokio::join!(Fixture::start(), Streams::start());
    for name in ["acme", "rival"] {
        settle(&streams, name).await;
        record(&streams, name, 1).await;
        streams.fact("T1").await;
    }
    streams.project_all(&fixture.database).await;
    (fixture, streams)
}

/// How many changes somebody sees through the wall.
async fn seen(wall: &Wall, name: &str) -> i64 {
    let mut inside = wall.enter(&organization(name), "user_maya").await.unwrap();
    assert_eq!(inside.role(), Some(Role::Admin));
    sqlx::query_scalar("SELECT count(*) FROM changes")
        .fetch_one(inside.connection())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_see_less_while_generations_take_each_other_s_place() {
    let (fixture, streams) = two().await;
    let wall = Wall::connect(&fixture.url).unwrap();
    // Connections of its own: a transaction that is given up while it begins stays open in them.
    let own = connect(&fixture.url, "projector").unwrap();
    let projecting = streams.project(&own).await;
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (wall, over) = (wall.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let (mut last, mut reads) = (1, 0_u32);
                while !over.load(Ordering::Relaxed) {
                    let now = seen(&wall, "acme").await;
                    assert!(now >= last, "{now} changes after {last}");
                    (last, reads) = (now, reads + 1);
                }
                reads
            })
        })
        .collect();
    let streams = Arc::new(streams);
    let writer = {
        let (streams, over) = (Arc::clone(&streams), Arc::clone(&over));
        tokio::spawn(async move {
            let mut number = 1;
            while !over.load(Ordering::Relaxed) {
                number += 1;
                record(&streams, "acme", number).await;
            }
            number
        })
    };
    for _ in 0..2 {
        let rebuilt = renewed(&fixture, &streams, Renewal::default()).await;
        assert!(rebuilt.swapped && rebuilt.differences.is_empty(), "{rebuilt:?}");
    }
    let operator = streams.connect("operator").await;
    generation::rollback(&fixture.url, &operator, |_| {}).await.unwrap();
    over.store(true, Ordering::Relaxed);
    let written = i64::from(writer.await.unwrap());
    for reader in readers {
        assert!(reader.await.unwrap() > 10, "it read all the while");
    }
    projecting.stop().await;
    streams.project_all(&fixture.database).await;
    assert_eq!(seen(&wall, "acme").await, written);
    assert_eq!(seen(&wall, "rival").await, 1, "each sees its own");
    let there = fingerprint(&fixture.database).await.unwrap();
    let compared = generation::diff(&fixture.url, &operator, false, |_| {}).await.unwrap();
    assert_eq!(compared.differences, []);
    assert_eq!(compared.tables, there);
    let states: Vec<_> = generation::list(&fixture.database).await.unwrap();
    let states: Vec<_> = states.iter().map(|found| (found.id, found.state)).collect();
    assert_eq!(
        states,
        [(2, State::Active), (3, State::Previous)],
        "older ones are gone"
    );
}

#[tokio::test]
async fn the_second_wall_stands_around_every_generation() {
    let (fixture, streams) = two().await;
    let before = wall_of(&fixture).await;
    assert!(renewed(&fixture, &streams, Renewal::default()).await.swapped);
    assert_eq!(wall_of(&fixture).await, before);
    // Nobody of the API gets into the one that is kept.
    let connection = &mut *fixture.connection().await;
    sqlx::raw_sql("SET ROLE infragpt_api")
        .execute(&mut *connection)
        .await
        .unwrap();
    let refused = sqlx::raw_sql("SELECT * FROM infragpt_g1.changes")
        .execute(&mut *connection)
        .await
        .unwrap_err();
    assert_eq!(
        refused.as_database_error().unwrap().code().unwrap(),
        "42501",
        "{refused}"
    );
}

/// Policies, grants, row security and indexes, as the catalogue has them.
async fn wall_of(fixture: &Fixture) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT concat_ws(' ', relname, relrowsecurity, relacl::text,
                          (SELECT string_agg(attname || attacl::text, ' ' ORDER BY attnum) FROM pg_attribute
                           WHERE attrelid = entry.oid AND attacl IS NOT NULL),
                          (SELECT string_agg(policyname || cmd || roles::text || qual, ' ' ORDER BY policyname)
                           FROM pg_policies WHERE schemaname = 'public' AND tablename = relname),
                          (SELECT string_agg(indexdef, ' ' ORDER BY indexname) FROM pg_indexes
                           WHERE schemaname = 'public' AND tablename = relname))
         FROM pg_class AS entry WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname",
    )
    .fetch_all(&fixture.database)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_row_that_somebody_changed_is_found_and_mended_only_where_that_is_accepted() {
    let (fixture, streams) = two().await;
    let mut connection = fixture.connection().await;
    sqlx::raw_sql(
        "UPDATE changes SET kind = 'release' WHERE organization_id = 'acme';
         DELETE FROM members WHERE organization_id = 'rival';
         INSERT INTO users (user_id, sequence) VALUES ('user_nobody', 1)",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    let operator = streams.connect("operator").await;
    let compared = generation::diff(&fixture.url, &operator, false, |_| {}).await.unwrap();
    let found: Vec<_> = compared
        .differences
        .iter()
        .map(|table| (table.table, table.missing, table.extra, table.different))
        .collect();
    assert_eq!(found, [("changes", 0, 0, 1), ("members", 1, 0, 0), ("users", 0, 1, 0)]);
    let row = &compared.differences[0].rows[0];
    assert_eq!(row.kind, Kind::Different);
    assert_eq!(row.columns.len(), 1);
    assert_eq!(row.columns["kind"], (json!("release"), json!("push")));
    assert_eq!(compared.differences[2].rows[0].key["user_id"], json!("user_nobody"));

    let before = fingerprint(&fixture.database).await.unwrap();
    let refused = renewed(&fixture, &streams, Renewal::default()).await;
    assert!(!refused.swapped);
    assert_eq!(refused.differences, compared.differences);
    assert_eq!(
        fingerprint(&fixture.database).await.unwrap(),
        before,
        "nothing is changed"
    );
    let accept = Renewal {
        accept_differences: true,
        ..Renewal::default()
    };
    let accepted = renewed(&fixture, &streams, accept).await;
    assert!(accepted.swapped);
    assert_eq!(accepted.tables, compared.tables);
}

#[tokio::test]
async fn a_build_that_was_broken_off_goes_on_and_another_waits_its_turn() {
    let (fixture, streams) = two().await;
    let operator = streams.connect("operator").await;
    let begun = tokio::sync::Notify::new();
    tokio::select! {
        biased;
        () = begun.notified() => {}
        done = generation::renew(&fixture.url, &operator, Renewal::default(), |progress| {
            if progress.iter().any(|stream| stream.projected > 0) {
                begun.notify_one();
            }
        }) => panic!("it was to be broken off: {done:?}"),
    }
    let left = generation::list(&fixture.database).await.unwrap();
    assert_eq!((left[1].id, left[1].state), (2, State::Building));
    // PostgreSQL gives the lock back once it has noticed that whoever held it is gone.
    super::log::until("the lock to be free", async || {
        match generation::renew(&fixture.url, &operator, Renewal::default(), |_| {}).await {
            Err(Error::Busy) => None,
            other => Some(other.unwrap()),
        }
    })
    .await;
    let now = generation::list(&fixture.database).await.unwrap();
    let states: Vec<_> = now.iter().map(|found| (found.id, found.state)).collect();
    assert_eq!(
        states,
        [(1, State::Previous), (2, State::Active)],
        "it went on with the same"
    );
}

#[tokio::test]
async fn facts_that_their_stream_forgot_are_carried_over() {
    let (fixture, streams) = two().await;
    streams.erase("RAW_SLACK", [1]).await;
    let before = fingerprint(&fixture.database).await.unwrap();
    let rebuilt = renewed(&fixture, &streams, Renewal::default()).await;
    assert!(rebuilt.swapped);
    assert_eq!(rebuilt.carried["RAW_SLACK"], 1);
    assert_eq!(rebuilt.tables, before);
}

#[tokio::test]
async fn the_tables_as_they_were() {
    let (fixture, streams) = two().await;
    let then = record(&streams, "acme", 2).await;
    let last = record(&streams, "acme", 3).await;
    let operator = streams.connect("operator").await;
    let moment = Moment::Event(then);
    let made = generation::as_of(&fixture.url, &operator, moment, |_| {})
        .await
        .unwrap();
    assert!(!made.reused);
    let count = |table: &str| sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {}.{table}", made.schema));
    let changes: i64 = sqlx::query_scalar(count("changes"))
        .fetch_one(&fixture.database)
        .await
        .unwrap();
    assert_eq!(changes, 3);
    let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DELETE FROM {}.changes", made.schema)))
        .execute(&fixture.database)
        .await
        .unwrap_err();
    assert_eq!(
        refused.as_database_error().unwrap().code().unwrap(),
        "25006",
        "{refused}"
    );
    assert!(
        generation::as_of(&fixture.url, &operator, moment, |_| {})
            .await
            .unwrap()
            .reused
    );
    let beyond = generation::as_of(&fixture.url, &operator, Moment::Event(last + 1), |_| {}).await;
    assert!(matches!(beyond, Err(Error::NotYet { .. })), "{beyond:?}");

    // What is deleted goes there too.
    let id = organization("acme");
    streams
        .execute::<Organization>("handlers", &id, organization::id(&id), OrganizationCommand::Delete)
        .await;
    streams.project_all(&fixture.database).await;
    let changes: i64 = sqlx::query_scalar(count("changes"))
        .fetch_one(&fixture.database)
        .await
        .unwrap();
    assert_eq!(changes, 1, "only those of the other organization");
    let named: i64 = sqlx::query_scalar(count(
        "organizations WHERE organization_id = 'acme' AND name IS NOT NULL",
    ))
    .fetch_one(&fixture.database)
    .await
    .unwrap();
    assert_eq!(named, 0);
    generation::drop_as_of(&fixture.url, moment).await.unwrap();
    let again = generation::drop_as_of(&fixture.url, moment).await;
    assert!(matches!(again, Err(Error::Unknown { .. })), "{again:?}");
}

#[tokio::test]
async fn the_one_event_is_found() {
    let (fixture, streams) = two().await;
    for number in 2..6 {
        record(&streams, "acme", number).await;
    }
    let culprit = record(&streams, "acme", 6).await;
    record(&streams, "rival", 2).await;
    let operator = streams.connect("operator").await;
    let ask = async |question: Question| generation::bisect(&fixture.url, &operator, &question, |_| {}).await;
    let few = "SELECT count(*) < 6 FROM changes WHERE organization_id = 'acme';";
    let found = ask(Question::Assertion(few.to_owned())).await.unwrap();
    assert_eq!((found.count, found.now), (1, Some(json!(false))));
    assert_eq!(found.turns[0].sequence, culprit);
    assert_eq!(found.turns[0].kind, "dev.infragpt.change.recorded.v1");
    assert_eq!(found.turns[0].wrote["changes"].len(), 1);

    let row = |table: &str, key: &str, value: &str| Question::Row {
        table: table.to_owned(),
        key: vec![(key.to_owned(), value.to_owned())],
    };
    let found = ask(row("organizations", "organization_id", "rival")).await.unwrap();
    assert_eq!(found.turns.iter().map(|turn| turn.sequence).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(found.turns[0].before, None);
    for (question, said) in [
        (
            row("organisations", "a", "b"),
            "there is no table `organisations`: did you mean `organizations`?",
        ),
        (
            row("users", "user", "b"),
            "there is no column `user`: did you mean `user_id`?",
        ),
        (
            row("members", "user_id", "b"),
            "a row of `members` is named by organization_id, membership_id",
        ),
        (
            Question::Assertion("SELEC 1".to_owned()),
            "the assertion can't be asked: syntax error at or near \"SELEC\"",
        ),
        (
            Question::Assertion("SELECT 1".to_owned()),
            "the assertion has to give one row with one boolean, and gives `INT4`",
        ),
        (
            Question::Assertion("DELETE FROM changes RETURNING true".to_owned()),
            "the assertion can't be asked: cannot execute DELETE in a read-only transaction",
        ),
        (
            Question::Assertion("SELECT set_config('transaction_read_only', 'off', true) = 'off'".to_owned()),
            "the assertion can't be asked: cannot set transaction read-write mode inside a read-only transaction",
        ),
    ] {
        assert_eq!(ask(question).await.unwrap_err().to_string(), said);
    }
    let left = generation::list(&fixture.database).await.unwrap();
    assert_eq!(left.len(), 1, "nothing is left: {left:?}");
}

#[tokio::test]
async fn every_table_of_the_log_belongs_to_a_generation() {
    let (fixture, streams) = two().await;
    assert!(renewed(&fixture, &streams, Renewal::default()).await.swapped);
    // What stays where it is when the others move: it is about all generations, or about the moment.
    let stays = [
        "_sqlx_migrations",
        "projection_errors",
        "projection_generations",
        "projection_heartbeats",
    ];
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class AS entry
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
               AND to_regclass('infragpt_g1.' || quote_ident(relname)) IS NULL ORDER BY relname",
    )
    .fetch_all(&fixture.database)
    .await
    .unwrap();
    assert_eq!(left, stays);
}

#[tokio::test]
async fn tables_of_another_build_are_named() {
    let fixture = Fixture::start().await;
    for (change, said) in [
        (
            "INSERT INTO _sqlx_migrations SELECT 20990101000000, description, now(), success, checksum, execution_time
             FROM _sqlx_migrations LIMIT 1",
            "the tables are of a newer build: migration 20990101000000 is not known to this one",
        ),
        (
            "DELETE FROM _sqlx_migrations WHERE version > 20261122000003",
            "`infragpt migrate` brings them up to date",
        ),
        ("DELETE FROM _sqlx_migrations", "the database has no read models yet"),
    ] {
        sqlx::raw_sql(change).execute(&fixture.database).await.unwrap();
        let found = generation::check_migrations(&fixture.database).await.unwrap_err();
        assert!(found.to_string().contains(said), "{found}");
    }
}
