//! A page reads about as many rows as it shows, however many there are.

use infragpt_events::{
    action::State,
    change::ChangeKind,
    integration::ResourceKind,
    organization::{OrganizationEvent, Role},
};
use sqlx::PgConnection;

use super::fixture::{Fixture, Log, at, joined, organization};
use crate::{
    actions,
    audit::{self, Outcome},
    changes, conversations, members, resources,
    wall::Wall,
};

/// How many rows a page shows.
const LIMIT: u16 = 50;

fn changed(repository: Option<&str>, kinds: &[ChangeKind], actor: Option<&str>) -> changes::Filter {
    changes::Filter {
        repository: repository.map(str::to_owned),
        kinds: kinds.to_vec(),
        actor: actor.map(str::to_owned),
        since: Some(at(-1_000_000)),
        until: Some(at(1_000_000)),
    }
}

/// Every page with every filter, by name, with how many rows it shows.
async fn pages(connection: &mut PgConnection, mut look: impl AsyncFnMut(&mut PgConnection, &str, usize)) {
    let acme = &organization("acme");
    macro_rules! page {
        ($name:literal, $page:expr) => {
            let page = $page.await.unwrap();
            look(connection, $name, page.rows.len()).await;
        };
    }
    let deep = changes::Key {
        occurred_at: at(5_000),
        sequence: 5_000,
    };
    macro_rules! change {
        ($name:literal, $filter:expr, $after:expr) => {
            page!(
                $name,
                changes::documents(connection, acme, &$filter, $after, LIMIT)
            );
        };
    }
    change!("changes", changed(None, &[], None), None);
    change!("changes, far back", changed(None, &[], None), Some(&deep));
    change!("changes of a repository", changed(Some("Acme/R7"), &[], None), None);
    change!(
        "changes of two kinds",
        changed(None, &[ChangeKind::Release, ChangeKind::Push], None),
        None
    );
    change!(
        "changes of a rare kind",
        changed(None, &[ChangeKind::Deployment], None),
        None
    );
    change!("changes of a name", changed(None, &[], Some("MONA-7")), None);
    change!("changes of an identifier", changed(None, &[], Some("7")), None);

    let talked = |channel: Option<&str>| conversations::Filter {
        channel: channel.map(str::to_owned),
        ..conversations::Filter::default()
    };
    page!(
        "conversations",
        conversations::page(connection, acme, &talked(None), None, LIMIT)
    );
    page!(
        "conversations of a channel",
        conversations::page(connection, acme, &talked(Some("C7")), None, LIMIT)
    );
    let thread = uuid::Uuid::from_u128(7);
    page!(
        "messages",
        conversations::messages_page(connection, acme, thread, None, LIMIT)
    );

    page!(
        "actions",
        actions::page(connection, acme, &actions::Filter::default(), None, LIMIT)
    );
    let denied = actions::Filter {
        state: Some(State::Denied),
    };
    page!("denied actions", actions::page(connection, acme, &denied, None, LIMIT));

    page!(
        "audit",
        audit::page(connection, acme, &audit::Filter::default(), None, LIMIT)
    );
    let action = audit::Filter {
        action: Some("access_refused".to_owned()),
        ..audit::Filter::default()
    };
    page!(
        "audit of an action",
        audit::page(connection, acme, &action, None, LIMIT)
    );
    let actor = audit::Filter {
        actor: Some("user:7".to_owned()),
        ..audit::Filter::default()
    };
    page!("audit of an actor", audit::page(connection, acme, &actor, None, LIMIT));
    let failed = audit::Filter {
        outcome: Some(Outcome::Failed),
        ..audit::Filter::default()
    };
    page!(
        "audit of what failed",
        audit::page(connection, acme, &failed, None, LIMIT)
    );

    let any = resources::Filter::default();
    page!(
        "repositories",
        resources::page(connection, acme, ResourceKind::Repository, &any, None, LIMIT)
    );
    page!(
        "members",
        members::page(connection, acme, &members::Filter::default(), None, LIMIT)
    );
}

/// How many rows this transaction has read, of tables of ours.
async fn rows_read(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables")
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Ten thousand rows and more in each table, a fifth of them of another organization.
const FILL: &str = "
    INSERT INTO changes
    SELECT CASE WHEN n % 5 = 0 THEN 'rival' ELSE 'acme' END, gen_random_uuid(), 'github',
           CASE WHEN n % 1000 = 1 THEN 'deployment' WHEN n % 2 = 0 THEN 'push' ELSE 'release' END,
           'acme/r' || n % 13, (n % 11)::text, 'mona-' || n % 11, '{}',
           timestamptz '2026-11-22' + n * interval '1 minute', n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO conversations
    SELECT CASE WHEN n % 5 = 0 THEN 'rival' ELSE 'acme' END, lpad(to_hex(n), 32, '0')::uuid, 'slack', 'T1', 'C' || n % 13,
           n::text, now(), timestamptz '2026-11-22' + n * interval '1 minute', n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO conversation_messages (organization_id, conversation_id, answer_id, message_id, author_id, text, sent_at,
                                       received, answer_state, sequence)
    SELECT 'acme', lpad(to_hex(n % 40), 32, '0')::uuid, gen_random_uuid(), n::text, 'U1', '', now(), n, 'requested', n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO actions
    SELECT CASE WHEN n % 5 = 0 THEN 'rival' ELSE 'acme' END, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '', '',
           '{}', '', CASE WHEN n % 100 = 1 THEN 'denied' ELSE 'executed' END, NULL, NULL, NULL,
           timestamptz '2026-11-22' + n * interval '1 minute', now(), n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO audit_records
    SELECT CASE WHEN n % 5 = 0 THEN 'rival' ELSE 'acme' END, gen_random_uuid(),
           CASE WHEN n % 100 = 1 THEN 'access_refused' ELSE 'credential_read' END, 'organization', 'acme', NULL, NULL,
           CASE WHEN n % 100 = 2 THEN 'failed' WHEN n % 100 = 1 THEN 'refused' ELSE 'done' END, NULL, 1,
           'user:' || n % 13, NULL, NULL, NULL, now(), timestamptz '2026-11-22' + n * interval '1 minute', n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO resources
    SELECT CASE WHEN n % 5 = 0 THEN 'rival' ELSE 'acme' END, gen_random_uuid(), 'repository', n::text, 'github',
           'acme/r' || n, NULL, false, now(), NULL, n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO members
    SELECT CASE WHEN n % 5 = 0 THEN 'rival' ELSE 'acme' END, 'mem_' || n, 'user_' || n, 'member', now(), now(), NULL, n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO users SELECT 'user_' || n, 'Name', NULL, now(), NULL, n FROM generate_series(1, 20000) AS n;
";

#[tokio::test]
async fn a_page_reads_about_as_many_rows_as_it_shows() {
    let fixture = Fixture::start().await;
    let member: OrganizationEvent = joined("maya", Role::Admin, 1).into();
    fixture.apply(&Log::of("acme").organization(member).events).await;
    // Nobody analyzes them, as after a rebuild.
    sqlx::raw_sql(FILL).execute(&fixture.database).await.unwrap();
    let wall = Wall::connect(&fixture.url).unwrap();
    let mut inside = wall.enter(&organization("acme"), "user_maya").await.unwrap();
    let mut before = rows_read(inside.connection()).await;
    let mut seen = 0;
    pages(inside.connection(), async |connection, name, shown| {
        let after = rows_read(connection).await;
        let read = after - before;
        before = after;
        seen += 1;
        let expected = if name == "changes of a rare kind" {
            20
        } else {
            usize::from(LIMIT)
        };
        assert_eq!(shown, expected, "{name}");
        // A member is read with their name, which is looked up with their membership.
        assert!(read <= 8 * i64::from(LIMIT), "{name} reads {read} rows to show {shown}");
    })
    .await;
    assert_eq!(seen, 18);
}
