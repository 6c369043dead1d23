//! Rows of the build before, and that build itself, on the tables of this one.

use infragpt_events::integration::Degraded;

use super::fixture::{Fixture, Log, at, authorized, connector, organization};
use crate::{create_database, fingerprint, integrations};

const FIRST: &str = include_str!("../../../migrations/20261122000001_read_models.sql");
const SECOND: &str = include_str!("../../../migrations/20261122000002_integration_health_and_audit.sql");

/// How the build before writes an authorization.
async fn write_as_before(fixture: &Fixture, kind: &str, sequence: i64) {
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

#[tokio::test]
async fn rows_of_the_build_before_are_as_if_this_build_had_written_them() {
    let fixture = Fixture::without_database().await;
    create_database(&fixture.url).await.unwrap();
    sqlx::raw_sql(FIRST).execute(&fixture.database).await.unwrap();
    write_as_before(&fixture, "github", 1).await;
    sqlx::raw_sql(SECOND).execute(&fixture.database).await.unwrap();
    // It may still be running.
    write_as_before(&fixture, "slack", 2).await;
    let upgraded = fingerprint(&fixture.database).await.unwrap();

    let log = Log::of("acme")
        .integration("github", authorized("github", "T1"))
        .integration("slack", authorized("slack", "T1"));
    let fresh = Fixture::start().await;
    fresh.apply(&log.events).await;
    assert_eq!(
        upgraded["integrations"],
        fingerprint(&fresh.database).await.unwrap()["integrations"]
    );

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
}
