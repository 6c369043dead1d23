//! What is broken is found, and what `infragpt doctor` says to type helps.

use std::{collections::BTreeMap, time::Duration};

use infragpt::configuration::NatsUser;
use infragpt_local::{NatsServer, find};
use infragpt_nats::{Connection, definition::SERVER_CONFIGURATION};
use infragpt_vault::KeyRing;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{assert_found, examine, examine_with, findings};
use crate::harness::{App, password};

/// Asks the JetStream API, which must not refuse.
async fn ask(admin: &Connection, subject: &str, request: Value) -> Value {
    let answer: Value = admin.request(subject, &request, Duration::from_secs(2)).await.unwrap();
    assert!(answer["error"].is_null(), "{answer}");
    answer
}

#[tokio::test]
async fn what_was_changed_is_found_and_what_it_says_to_type_helps() {
    let mut app = App::start().await;
    let admin = app.installation.connect(NatsUser::Admin).await.unwrap();
    let info = ask(&admin, "$JS.API.STREAM.INFO.EVENTS", json!({})).await;
    let mut changed = info["config"].clone();
    changed["max_age"] = json!(3_600_000_000_000_u64);
    ask(&admin, "$JS.API.STREAM.UPDATE.EVENTS", changed).await;
    app.hold_answers_back(true).await.unwrap();
    assert_eq!(app.webhook("push", json!({ "raw_body": "no JSON" })).await, 200);
    app.take("DEAD_LETTERS", 1).await.unwrap();
    let mut command = app.installation.command(&["doctor", "--json"]);
    command.env("INFRAGPT_NATS_PASSWORD_SLACK", "wrong");
    let wrong = command.output().await.unwrap();
    let expected = [
        "streams | warning | max_age: 3600000000000 -> 0 | infragpt nats apply",
        "consumers | warning | EVENTS/conversations is held back | nats consumer resume EVENTS conversations",
        "users | error | refuses user `slack` | set INFRAGPT_NATS_PASSWORD_SLACK",
        "dead letters | warning | 1 message could not be handled by RAW_GITHUB/github_handler | infragpt dead-letters list",
    ];
    assert_found(&wrong, &expected);
    assert_eq!(findings(&wrong).len(), expected.len(), "{:#?}", findings(&wrong));

    let letters = &findings(&wrong)[3][3];
    let typed: Vec<&str> = letters.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    let shown = app.installation.infragpt(&typed).await.unwrap();
    assert!(shown.contains("DEAD_LETTERS#1"), "{shown}");
    app.hold_answers_back(false).await.unwrap();
    app.installation.infragpt(&["nats", "apply"]).await.unwrap();
    let mended = findings(&examine(&app).await);
    assert!(mended.iter().all(|[area, ..]| area == "dead letters"), "{mended:#?}");
}

#[tokio::test]
async fn what_does_not_run_is_found() {
    let mut app = App::start().await;
    let admin = app.installation.connect(NatsUser::Admin).await.unwrap();
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    app.installation.kill_roles().await.unwrap();
    ask(&admin, "$JS.API.CONSUMER.DELETE.EVENTS.erasures", json!({})).await;
    assert_found(
        &examine(&app).await,
        &[
            "streams | error | consumer EVENTS/erasures is missing | infragpt nats apply",
            "consumers | error | RAW_SLACK/slack_handler is read by nobody | serve --role handlers",
            "consumers | error | EVENTS/disconnections is read by nobody | serve --role integrations",
            "consumers | error | RAW_CLERK/projections is read by nobody | serve --role projections",
            "services | error | nobody serves `agent` | infragpt serve --role agent",
            "services | error | nobody serves `connector` | infragpt serve --role integrations",
            "services | error | nobody serves `infragpt_tools` | infragpt serve --role queries",
            "http | warning | nobody listens | infragpt serve",
            "read models | error | nobody projects | infragpt serve --role projections",
            "keys | warning | nobody serves integrations | infragpt serve --role integrations",
            "connectors | warning | nobody serves integrations | infragpt serve --role integrations",
        ],
    );

    app.installation.postgres.as_mut().unwrap().stop().await.unwrap();
    assert_found(
        &examine(&app).await,
        &[
            "postgresql | error | PostgreSQL does not answer | start PostgreSQL",
            "read models | warning | not looked at | infragpt projections status",
        ],
    );
    app.installation.nats.as_mut().unwrap().stop().await.unwrap();
    let dark = examine(&app).await;
    assert_found(&dark, &["nats | error | no NATS server answers | nats/server.conf"]);
    for area in [
        "streams",
        "consumers",
        "services",
        "users",
        "dead letters",
        "keys",
        "connectors",
    ] {
        let unseen = format!("{area} | warning | not looked at | mend what stands under `nats`");
        assert_found(&dark, &[&unseen]);
    }
}

#[tokio::test]
async fn another_build_s_tables_and_a_hole_in_the_wall_are_found() {
    let app = App::start().await;
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    let psql = find::postgres().unwrap().join("psql");
    let sql = async |statement: &str| {
        let url = &app.installation.endpoints.database_url;
        let mut command = tokio::process::Command::new(&psql);
        let output = command
            .args([url, "-v", "ON_ERROR_STOP=1", "-c", statement])
            .output()
            .await;
        assert!(output.unwrap().status.success(), "{statement}");
    };
    let rebuild = "infragpt projections rebuild";
    let enable = "ALTER TABLE changes ENABLE ROW LEVEL SECURITY";
    for (hole, finding, todo) in [
        (
            "ALTER TABLE changes DISABLE ROW LEVEL SECURITY",
            "security of `changes` is off",
            enable,
        ),
        (
            "ALTER POLICY of_organization ON changes USING (true)",
            "a policy of `changes` lets",
            rebuild,
        ),
        (
            "DROP POLICY of_organization ON changes",
            "sees nothing of `changes`",
            rebuild,
        ),
        (
            "ALTER ROLE infragpt_api BYPASSRLS",
            "it has BYPASSRLS",
            "ALTER ROLE infragpt_api NOSUPERUSER NOBYPASSRLS",
        ),
    ] {
        sql(hole).await;
        let output = examine(&app).await;
        assert_found(&output, &[&format!("postgresql | error | {finding} | {todo}")]);
        let of_database = |output| findings(output).into_iter().filter(|[area, ..]| area == "postgresql");
        let [_, _, _, advice] = of_database(&output).next().unwrap();
        match advice.strip_prefix("infragpt ") {
            Some(typed) => drop(
                app.installation
                    .infragpt(&typed.split(' ').collect::<Vec<_>>())
                    .await
                    .unwrap(),
            ),
            None => sql(&advice).await,
        }
        let left: Vec<[String; 4]> = of_database(&examine(&app).await).collect();
        assert!(left.is_empty(), "{advice} does not help against {hole}: {left:?}");
    }
    let newest = "(SELECT max(version) FROM _sqlx_migrations)";
    sql(&format!(
        "UPDATE _sqlx_migrations SET version = 99999999999999 WHERE version = {newest}"
    ))
    .await;
    let newer = "postgresql | error | of a newer build | run the newer build";
    assert_found(&examine(&app).await, &[newer]);
    sql("DELETE FROM _sqlx_migrations WHERE version = 99999999999999").await;
    let earlier = "postgresql | error | of an earlier build | infragpt migrate";
    assert_found(&examine(&app).await, &[earlier]);
}

#[tokio::test]
async fn a_user_who_may_too_much_is_found_and_so_are_streams_that_are_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let passwords = NatsUser::ALL.map(|user| (user.password_variable(), password(user)));
    let environment: BTreeMap<_, _> = passwords
        .iter()
        .cloned()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let refused = "\"audit.v1.refused\"";
    let lax = SERVER_CONFIGURATION.replacen(refused, &format!("{refused}, \"$JS.API.>\""), 1);
    let server = NatsServer::start_in(directory.path(), &lax, environment).await.unwrap();
    let url = server.url();
    let mut variables: Vec<(&str, &str)> = vec![("INFRAGPT_NATS_URL", &url)];
    variables.extend(passwords.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let output = examine_with(&variables).await;
    assert_found(
        &output,
        &[
            "users | error | user `api` delete streams and read CREDENTIALS | nats/server.conf",
            "streams | error | stream EVENTS is missing | infragpt nats apply",
            "consumers | warning | no consumer is there | infragpt nats apply",
            "dead letters | warning | stream not found | infragpt nats check",
        ],
    );
    let users = findings(&output).into_iter().filter(|[area, ..]| area == "users");
    assert_eq!(users.count(), 1, "nobody else may");
}

#[tokio::test]
async fn older_keys_and_a_connection_that_does_not_work_are_found() {
    let mut app = App::start().await;
    let old = app.installation.environment()["INFRAGPT_ENCRYPTION_KEYS"].clone();
    let new = KeyRing::generate().expose_secret().to_owned();
    app.installation.roles.take().unwrap().stop().await.unwrap();
    app.installation
        .set("INFRAGPT_ENCRYPTION_KEYS", &format!("{new},{old}"));
    app.installation.start_roles().await.unwrap();
    let dead = json!({ "method": "auth.test", "kind": "error", "error": "token_revoked", "times": 1 });
    app.control.call("fault", &dead).await.unwrap();
    let validate = ["integrations", "validate", "slack", "--organization", "acme"];
    let refused = app.installation.operate(&validate).await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert_found(
        &examine(&app).await,
        &[
            "keys | warning | 1 credential wrapped under the older key | infragpt keys rotate",
            "connectors | warning | slack of `acme` is degraded | infragpt integrations validate slack --organization acme",
        ],
    );
    app.installation.infragpt(&["keys", "rotate"]).await.unwrap();
    app.installation.infragpt(&validate).await.unwrap();
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    assert_eq!(findings(&examine(&app).await), Vec::<[String; 4]>::new());
    app.finish().await;
}
