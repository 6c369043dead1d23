//! The second wall: whatever a query forgets, it shows one organization's rows.

use infragpt_events::{
    change::ChangeKind,
    integration::ResourceKind,
    organization::{CompanySize, Deleted, MemberRemoved, Role},
    user,
};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::fixture::{
    Fixture, Log, authorized, changed, created, granted, joined, opened, organization, profile, proposed, registered,
};
use crate::{
    changes, checkpoint,
    wall::{Inside, Wall},
};

/// Everything that an organization can have, with `user_<name>` as its administrator.
pub fn settled(log: Log, name: &str) -> Log {
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
pub async fn two() -> (Fixture, Wall) {
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

/// Begins to read.
pub async fn enter(wall: &Wall, name: &str, user: &str) -> Inside {
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
    .bind("infragpt_api")
    .fetch_all(connection)
    .await
    .unwrap()
}

/// Every row of a table, in text, as far as it may be seen.
pub async fn everything(connection: &mut PgConnection, table: &str) -> Vec<String> {
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
        drop(inside);
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
