//! The second wall: whatever a query forgets, it shows one organization's rows.

use std::{collections::BTreeSet, time::Duration};

use infragpt_events::{
    OrganizationId,
    change::ChangeKind,
    integration::ResourceKind,
    organization::{CompanySize, Deleted, MemberRemoved, Role},
    user,
};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::fixture::{
    Fixture, Log, at, authorized, changed, created, granted, joined, opened, organization, profile, proposed,
    registered,
};
use crate::{
    changes, checkpoint, migrate,
    wall::{Error, Inside, Wall},
};

const ROLE: &str = "infragpt_api";

/// Everything that an organization can have, with `user_<name>` as its administrator.
fn settled(log: Log, name: &str) -> Log {
    log.and(name)
        .organization(created(name, 1))
        .organization(profile(CompanySize::UpTo10))
        .organization(joined(name, Role::Admin, 1))
        .user(registered(name, 1))
        .integration("github", authorized("github", name))
        .integration("github", granted("github", ResourceKind::Repository, &["some/name"]))
        .change(&format!("{name}/1"), changed(ChangeKind::Push, "some/name", 1))
        .asked("1.0", "1.0", "what changed?")
        .audited("1", opened("post", 1))
        .action(1, proposed("restart"))
}

/// A database in which two organizations, and nobody, have something in every table.
async fn two() -> (Fixture, Wall) {
    let fixture = Fixture::start().await;
    let log = settled(settled(Log::of("acme"), "acme"), "rival")
        .and("-")
        .audited("1", opened("post", 1));
    fixture.apply(&log.events).await;
    checkpoint::load(&fixture.database, "EVENTS").await.unwrap();
    checkpoint::load(&fixture.database, "RAW_SLACK").await.unwrap();
    let wall = Wall::connect(&fixture.url).unwrap();
    (fixture, wall)
}

async fn enter(wall: &Wall, name: &str, user: &str) -> Inside {
    wall.enter(&organization(name), user).await.unwrap()
}

/// Every table that the role may read something of.
async fn readable(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND has_any_column_privilege($1, oid, 'SELECT')
         ORDER BY relname COLLATE \"C\"",
    )
    .bind(ROLE)
    .fetch_all(connection)
    .await
    .unwrap()
}

/// Every row of a table, in text, as far as it may be seen.
async fn everything(connection: &mut PgConnection, table: &str) -> Vec<String> {
    let select = if table == "projection_checkpoints" {
        "SELECT stream || sequence FROM projection_checkpoints".to_owned()
    } else {
        format!("SELECT entry::text FROM {table} AS entry")
    };
    sqlx::query_scalar(AssertSqlSafe(select))
        .fetch_all(connection)
        .await
        .unwrap_or_else(|error| panic!("{table}: {error}"))
}

#[tokio::test]
async fn without_a_where_every_table_shows_the_organization_that_was_entered() {
    let (fixture, wall) = two().await;
    let tables = readable(&mut *fixture.connection().await).await;
    assert_eq!(
        tables,
        [
            "actions",
            "audit_records",
            "changes",
            "conversation_messages",
            "conversations",
            "integrations",
            "members",
            "organizations",
            "projection_checkpoints",
            "resources",
            "users",
        ]
    );
    for (own, other) in [("acme", "rival"), ("rival", "acme")] {
        let mut inside = enter(&wall, own, &format!("user_{own}")).await;
        assert_eq!(inside.role(), Some(Role::Admin));
        for table in &tables {
            let rows = everything(inside.connection(), table).await;
            if table == "projection_checkpoints" {
                assert_eq!(rows, ["EVENTS0"]);
                continue;
            }
            assert!(!rows.is_empty(), "{own} sees nothing of its own in {table}");
            assert!(
                rows.iter().all(|row| row.contains(own) && !row.contains(other)),
                "{own} sees in {table}: {rows:?}"
            );
        }
        inside.leave().await.unwrap();
    }
}

#[tokio::test]
async fn a_page_without_its_where_shows_the_same_rows_from_the_same_index() {
    let (_fixture, wall) = two().await;
    let mut inside = enter(&wall, "acme", "user_acme").await;
    let with = changes::page(
        inside.connection(),
        &organization("acme"),
        &changes::Filter::default(),
        None,
        50,
    )
    .await
    .unwrap();
    let without = sqlx::query_scalar::<_, String>(
        "SELECT document FROM changes ORDER BY occurred_at DESC, sequence DESC LIMIT 51",
    )
    .fetch_all(inside.connection())
    .await
    .unwrap();
    let with: Vec<_> = with
        .rows
        .iter()
        .map(|row| serde_json::to_string(row).unwrap())
        .collect();
    assert_eq!(without, with);
    let plan = sqlx::raw_sql("EXPLAIN SELECT document FROM changes ORDER BY occurred_at DESC, sequence DESC LIMIT 51")
        .fetch_all(inside.connection())
        .await
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
    assert!(
        plan.iter()
            .any(|line| line.contains("Index Scan using changes_of_organization"))
            && plan
                .iter()
                .any(|line| line.contains("Index Cond: (organization_id = NULLIF(current_setting(")),
        "{plan:#?}"
    );
}

#[tokio::test]
async fn another_organization_is_not_found_by_its_name_either() {
    let (_fixture, wall) = two().await;
    let mut inside = enter(&wall, "acme", "user_acme").await;
    let rival = organization("rival");
    let found = changes::page(inside.connection(), &rival, &changes::Filter::default(), None, 50)
        .await
        .unwrap();
    assert_eq!(found.rows, []);
    let found = crate::users::find(inside.connection(), "user_rival").await.unwrap();
    assert_eq!(found, None);
    let named = sqlx::query("SELECT set_config('infragpt.organization', 'rival', true)")
        .execute(inside.connection())
        .await;
    named.expect("only a statement could do that, and all of them are known");
}

#[tokio::test]
async fn who_does_not_belong_to_it_sees_nothing_at_all() {
    let (fixture, wall) = two().await;
    let tables = readable(&mut *fixture.connection().await).await;
    let strangers = [
        ("acme", "user_rival"),
        ("acme", "user_nobody"),
        ("acme", ""),
        ("acme", "user_acme' OR true --"),
        ("nowhere", "user_acme"),
        ("-", "user_acme"),
    ];
    for (name, user) in strangers {
        let mut inside = enter(&wall, name, user).await;
        assert_eq!(inside.role(), None, "{user} of {name}");
        for table in tables.iter().filter(|table| *table != "projection_checkpoints") {
            assert_eq!(
                everything(inside.connection(), table).await,
                [""; 0],
                "{user} of {name}: {table}"
            );
        }
        let (role, page) = changes::enter(&wall, &organization(name), user, &changes::Filter::default(), None, 50)
            .await
            .unwrap();
        assert_eq!((role, page.rows.len()), (None, 0), "{user} of {name}");
    }
}

#[tokio::test]
async fn without_an_organization_there_are_no_rows() {
    let (fixture, _wall) = two().await;
    let connection = &mut *fixture.connection().await;
    let tables = readable(connection).await;
    sqlx::query("SET ROLE infragpt_api")
        .execute(&mut *connection)
        .await
        .unwrap();
    for setting in [None, Some(""), Some("-"), Some("acm"), Some("%"), Some("acme ")] {
        if let Some(setting) = setting {
            sqlx::query("SELECT set_config('infragpt.organization', $1, false)")
                .bind(setting)
                .execute(&mut *connection)
                .await
                .unwrap();
        }
        for table in tables.iter().filter(|table| *table != "projection_checkpoints") {
            assert_eq!(everything(connection, table).await, [""; 0], "{setting:?}: {table}");
        }
    }
}

#[tokio::test]
async fn what_somebody_may_do_ends_with_what_the_log_says() {
    let (fixture, wall) = two().await;
    let role = async |user: &str| enter(&wall, "acme", user).await.role();
    let log = settled(settled(Log::of("acme"), "acme"), "rival")
        .and("-")
        .audited("1", opened("post", 1))
        .and("acme")
        .organization(joined("tom", Role::Member, 2))
        .organization(joined("gus", Role::Member, 2));
    fixture.apply(&log.events).await;
    assert_eq!(role("user_tom").await, Some(Role::Member));
    let log = log
        .organization(MemberRemoved {
            membership: "mem_tom".to_owned(),
            user: "user_tom".to_owned(),
        })
        .user(user::Deleted {
            user: "user_gus".to_owned(),
        });
    fixture.apply(&log.events).await;
    assert_eq!(role("user_tom").await, None, "removed");
    assert_eq!(role("user_gus").await, None, "deleted");
    assert_eq!(role("user_acme").await, Some(Role::Admin));
    let log = log.organization(Deleted {});
    fixture.apply(&log.events).await;
    assert_eq!(role("user_acme").await, None, "the organization is deleted");
    assert_eq!(enter(&wall, "rival", "user_rival").await.role(), Some(Role::Admin));
}

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
            inside.leave().await.unwrap();
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
        tokio::task::JoinSet::from_iter(readers).join_all().await;
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
        inside.leave().await.unwrap();
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
async fn a_reader_writes_nothing() {
    let (fixture, wall) = two().await;
    let mut inside = enter(&wall, "acme", "user_acme").await;
    let refused = sqlx::query("DELETE FROM changes")
        .execute(inside.connection())
        .await
        .unwrap_err();
    assert!(
        ["42501", "25006"].contains(&&*refused.as_database_error().unwrap().code().unwrap()),
        "{refused}"
    );
    drop(inside);
    // Nor does it where it is not read-only.
    let connection = &mut *fixture.connection().await;
    sqlx::query("SET ROLE infragpt_api")
        .execute(&mut *connection)
        .await
        .unwrap();
    for statement in [
        "DELETE FROM changes",
        "UPDATE members SET role = 'admin'",
        "TRUNCATE changes",
        "INSERT INTO users (user_id, sequence) VALUES ('x', 1)",
        "SELECT * FROM event_index",
        "SELECT * FROM erased_facts",
        "SELECT * FROM projection_heartbeats",
        "SELECT published_at FROM projection_checkpoints",
        "SELECT * FROM _sqlx_migrations",
        "CREATE TABLE own (number int)",
        "ALTER TABLE changes DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_organization ON changes",
        "CREATE ROLE another",
    ] {
        let refused = sqlx::query(statement).execute(&mut *connection).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}: {refused}");
    }
}

/// Reads names from the catalogue.
async fn names(connection: &mut PgConnection, query: &'static str) -> BTreeSet<String> {
    let names = sqlx::query_scalar::<_, String>(query).fetch_all(connection).await;
    names.unwrap().into_iter().collect()
}

#[tokio::test]
async fn the_role_owns_nothing_and_can_do_nothing_but_read_behind_a_policy() {
    let (fixture, _wall) = two().await;
    let connection = &mut *fixture.connection().await;
    let none = BTreeSet::new();
    let may_more = "SELECT relname || ' ' || privilege
         FROM pg_class, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND (has_table_privilege('infragpt_api', oid, privilege)
                    OR privilege IN ('INSERT', 'UPDATE', 'REFERENCES')
                       AND has_any_column_privilege('infragpt_api', oid, privilege))";
    assert_eq!(names(connection, may_more).await, none, "privileges to write");
    let owned = "SELECT classid::regclass || ' ' || objid FROM pg_shdepend
         WHERE refobjid = 'infragpt_api'::regrole AND deptype = 'o'";
    assert_eq!(names(connection, owned).await, none, "what it owns");
    let unguarded = "SELECT relname::text FROM pg_class AS entry
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
               AND has_any_column_privilege('infragpt_api', oid, 'SELECT')
               AND NOT (relrowsecurity AND EXISTS (
                    SELECT FROM pg_policy
                    WHERE polrelid = entry.oid AND polroles = ARRAY['infragpt_api'::regrole::oid] AND polpermissive
                          AND polcmd = 'r' AND polqual IS NOT NULL))";
    assert_eq!(
        names(connection, unguarded).await,
        none,
        "what it reads without a policy"
    );
    let open_to_all = "SELECT relname::text FROM pg_class, aclexplode(relacl) AS acl
         WHERE relnamespace = 'public'::regnamespace AND acl.grantee = 0";
    assert_eq!(names(connection, open_to_all).await, none, "what everybody may");
    let functions = "SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND has_function_privilege('infragpt_api', oid, 'EXECUTE')";
    let enter = BTreeSet::from(["infragpt_enter".to_owned()]);
    assert_eq!(names(connection, functions).await, enter);
    let above_its_rights = "SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND prosecdef";
    assert_eq!(
        names(connection, above_its_rights).await,
        none,
        "functions with their owner's rights"
    );
    let is_more = "SELECT rolname::text FROM pg_roles
         WHERE rolname = 'infragpt_api'
               AND (rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls)";
    assert_eq!(names(connection, is_more).await, none);
    let member_of = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'infragpt_api'::regrole";
    assert_eq!(names(connection, member_of).await, none);
    let creates = "SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege('infragpt_api', oid, 'CREATE')";
    assert_eq!(names(connection, creates).await, none);

    // A table that somebody grants and forgets to guard is found.
    sqlx::raw_sql("CREATE TABLE forgotten (organization_id text); GRANT SELECT ON forgotten TO infragpt_api")
        .execute(&mut *connection)
        .await
        .unwrap();
    assert_eq!(
        names(connection, unguarded).await,
        BTreeSet::from(["forgotten".to_owned()])
    );
}

#[tokio::test]
async fn the_tables_of_what_the_role_reads_have_the_organization_in_their_policy() {
    let (fixture, _wall) = two().await;
    let connection = &mut *fixture.connection().await;
    let policies = sqlx::query_as::<_, (String, String)>(
        "SELECT tablename::text, qual FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename COLLATE \"C\"",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    for (table, condition) in policies {
        let named = condition.contains("NULLIF(current_setting('infragpt.organization'::text, true), '-'::text)");
        assert!(named || table == "projection_checkpoints", "{table}: {condition}");
    }
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
    for _ in 0..16 {
        inside.push(enter(&wall, "acme", "user_acme").await);
    }
    let refused = wall.enter(&organization("acme"), "user_acme").await.unwrap_err();
    assert!(matches!(refused, Error::Busy), "{refused:?}");
    inside.pop().unwrap().leave().await.unwrap();
    enter(&wall, "acme", "user_acme").await;
}

#[tokio::test]
async fn connections_that_broke_are_replaced() {
    let (fixture, wall) = two().await;
    enter(&wall, "acme", "user_acme").await.leave().await.unwrap();
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
