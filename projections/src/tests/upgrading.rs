//! Rows of the build before, and that build itself, on the tables of this one.

use chrono::{TimeDelta, TimeZone as _, Utc};
use infragpt_events::{
    change::{self, ChangeKind},
    integration::{Degraded, ResourceKind},
};
use sqlx::AssertSqlSafe;

use super::fixture::{Fixture, Log, at, authorized, changed, connector, granted, opened, organization, writer};
use crate::{Batch, changes, checkpoint, create_database, fingerprint, integrations};

const FIRST: &str = include_str!("../../../migrations/20261122000001_read_models.sql");
const SECOND: &str = include_str!("../../../migrations/20261122000002_integration_health_and_audit.sql");
const THIRD: &str = include_str!("../../../migrations/20261122000003_organizations_and_tenancy.sql");

async fn run(fixture: &Fixture, statements: &'static str) {
    sqlx::raw_sql(statements).execute(&fixture.database).await.unwrap();
}

/// How the first build writes an authorization.
async fn write_authorized(fixture: &Fixture, kind: &str, sequence: i64) {
    sqlx::query(
        r#"INSERT INTO integrations
               (organization_id, id, connector, state, reason, account_id, account_name, bot_user, scopes, authorized_at,
                changed_at, sequence)
           VALUES ('acme', $1, $2, 'active', NULL, 'T1', 'T1 Inc.', 'U1', '["read", "write"]', $3, $3, $4)"#,
    )
    .bind(infragpt_events::integration::id(&organization("acme"), &connector(kind)))
    .bind(kind)
    .bind(at(sequence))
    .bind(sequence)
    .execute(&fixture.database)
    .await
    .unwrap();
}

/// How the build before writes a change.
async fn write_changed(fixture: &Fixture, identity: &str, recorded: &change::Recorded, sequence: i64) {
    sqlx::query(
        "INSERT INTO changes
             (organization_id, id, connector, kind, repository, title, url, actor_id, actor_name, actor_url, reference,
              revision, details, occurred_at, sequence)
         VALUES ('acme', $1, 'github', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(change::id(&organization("acme"), &connector("github"), identity))
    .bind(recorded.kind.as_str())
    .bind(&recorded.repository)
    .bind(&recorded.title)
    .bind(&recorded.url)
    .bind(&recorded.actor.id)
    .bind(&recorded.actor.name)
    .bind(&recorded.actor.url)
    .bind(&recorded.reference)
    .bind(&recorded.revision)
    .bind(serde_json::json!(recorded.details))
    .bind(recorded.occurred_at)
    .bind(sequence)
    .execute(&fixture.database)
    .await
    .unwrap();
}

/// Changes with everything that a text can have in it, and times of every precision.
fn odd_changes() -> Vec<change::Recorded> {
    let odd: String = (1..=0x7f_u8)
        .map(char::from)
        .chain("äß€😀\u{2028}\u{feff}".chars())
        .collect();
    let mut plain = changed(ChangeKind::Push, "Acme/Web", 1);
    plain.actor.url = Some(odd.clone());
    let mut full = changed(ChangeKind::Release, &odd, 2);
    full.title.clone_from(&odd);
    full.url.clone_from(&odd);
    full.actor.id.clone_from(&odd);
    full.actor.name = "ÄRGER ".repeat(100);
    full.reference = None;
    full.revision = Some(odd.clone());
    full.details = vec![odd, String::new(), "two".to_owned()];
    let mut times = vec![plain, full];
    for (number, time) in [
        at(3) + TimeDelta::milliseconds(7),
        at(4) + TimeDelta::microseconds(120),
        at(5) + TimeDelta::milliseconds(900),
        Utc.with_ymd_and_hms(1, 1, 1, 0, 0, 0).unwrap(),
        Utc.with_ymd_and_hms(9999, 12, 31, 23, 59, 59).unwrap(),
        Utc.with_ymd_and_hms(1999, 12, 31, 23, 59, 59).unwrap() + TimeDelta::microseconds(999_999),
    ]
    .into_iter()
    .enumerate()
    {
        let mut deployment = changed(ChangeKind::Deployment, &format!("some/{number}"), 1);
        deployment.occurred_at = time;
        deployment.details.clear();
        times.push(deployment);
    }
    times
}

#[tokio::test]
async fn rows_of_the_builds_before_are_as_if_this_build_had_written_them() {
    let fixture = Fixture::without_database().await;
    create_database(&fixture.url).await.unwrap();
    run(&fixture, FIRST).await;
    write_authorized(&fixture, "github", 1).await;
    run(&fixture, SECOND).await;
    // The first may still be running.
    write_authorized(&fixture, "slack", 2).await;
    let mut log = Log::of("acme")
        .integration("github", authorized("github", "T1"))
        .integration("slack", authorized("slack", "T1"));
    for (number, recorded) in odd_changes().iter().enumerate() {
        let identity = format!("change-{number}");
        write_changed(
            &fixture,
            &identity,
            recorded,
            i64::try_from(log.events.len()).unwrap() + 1,
        )
        .await;
        log = log.change(&identity, recorded.clone());
    }
    run(&fixture, THIRD).await;
    let upgraded = fingerprint(&fixture.database).await.unwrap();

    let fresh = Fixture::start().await;
    fresh.apply(&log.events).await;
    let written = fingerprint(&fresh.database).await.unwrap();
    for table in ["integrations", "changes"] {
        assert_eq!(upgraded[table], written[table], "{table}");
    }
    // The log is projected again, which changes nothing of them, and makes what is new.
    fixture.apply(&log.events).await;
    assert_eq!(fingerprint(&fixture.database).await.unwrap(), written);

    let reason = "the token is refused".to_owned();
    let log = log.integration("slack", Degraded { reason });
    fixture.apply(&log.events).await;
    let states: Vec<_> = integrations::list(&fixture.database, &organization("acme"), at(60))
        .await
        .unwrap()
        .into_iter()
        .map(|integration| integration.state)
        .collect();
    assert_eq!(states, ["active", "degraded"]);
    let connection = &mut *fixture.connection().await;
    let read = changes::page(connection, &organization("acme"), &changes::Filter::default(), None, 50)
        .await
        .unwrap();
    assert_eq!(read.rows.len(), odd_changes().len(), "every one of them can be read");
}

#[tokio::test]
async fn what_was_too_long_for_an_index_comes_back_shortened() {
    let fixture = Fixture::without_database().await;
    create_database(&fixture.url).await.unwrap();
    run(&fixture, FIRST).await;
    run(&fixture, SECOND).await;
    let name = "x".repeat(3000);
    // Random, so that it does not compress to something short enough.
    let long = "SELECT string_agg(md5(number::text), '') FROM generate_series(1, 100) AS number";
    for statement in [
        format!(
            "INSERT INTO resources VALUES ('acme', gen_random_uuid(), 'channel', 'C1', 'slack', ({long}), NULL, false, now(),
                 NULL, 1)"
        ),
        format!(
            "INSERT INTO conversations VALUES ('acme', gen_random_uuid(), 'slack', 'T1', ({long}), '1', now(), now(), 1)"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&fixture.database)
            .await
            .unwrap();
    }
    run(&fixture, THIRD).await;
    let rows = fingerprint(&fixture.database).await.unwrap();
    assert_eq!((rows["resources"].count, rows["conversations"].count), (0, 0));
    let events = Log::of("acme")
        .integration("slack", authorized("slack", "T1"))
        .integration("slack", granted("slack", ResourceKind::Channel, &[&name]))
        .events;
    fixture.apply(&events).await;
    let rows = fingerprint(&fixture.database).await.unwrap();
    assert_eq!(rows["resources"].count, 1);
}

#[tokio::test]
async fn the_log_is_projected_again_and_only_by_a_build_that_knows_the_new_tables() {
    let fixture = Fixture::without_database().await;
    create_database(&fixture.url).await.unwrap();
    run(&fixture, FIRST).await;
    run(&fixture, SECOND).await;
    run(
        &fixture,
        "INSERT INTO projection_checkpoints VALUES ('EVENTS', 7, now()), ('RAW_SLACK', 9, now());
         INSERT INTO projection_heartbeats VALUES ('EVENTS', now());
         INSERT INTO event_index VALUES ('RAW_SLACK', 3, 's', 'e', 's', 't', NULL, NULL, NULL, NULL, NULL, now());
         INSERT INTO audit_records VALUES ('acme', gen_random_uuid(), 'credential_read', NULL, NULL, NULL, NULL, 1, NULL,
             NULL, now(), now(), 5)",
    )
    .await;
    run(&fixture, THIRD).await;
    // What the build before does when its checkpoint is gone.
    let refused = sqlx::query(
        "INSERT INTO projection_checkpoints (stream, sequence) VALUES ('EVENTS', 0) ON CONFLICT (stream) DO NOTHING",
    )
    .execute(&fixture.database)
    .await
    .unwrap_err();
    assert!(refused.to_string().contains("shape"), "{refused}");
    assert_eq!(checkpoint::load(&fixture.database, "EVENTS").await.unwrap(), 0);
    assert_eq!(checkpoint::load(&fixture.database, "RAW_SLACK").await.unwrap(), 9);
    let rows = fingerprint(&fixture.database).await.unwrap();
    assert_eq!(rows["event_index"].count, 1, "a fact may not be in its stream any more");
    assert_eq!(rows["audit_records"].count, 0, "every record is in the log");

    let log = Log::of("acme").audited("1", opened("post", 1));
    let mut writer = writer(&fixture.database).await;
    writer.write(&Batch::decode(log.events)).await.unwrap();
    let rows = fingerprint(&fixture.database).await.unwrap();
    assert_eq!(rows["audit_records"].count, 1);
}
