//! What `infragpt doctor` says of an installation, healthy and not.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    process::Output,
    time::{Duration, Instant},
};

use infragpt::configuration::NatsUser;
use serde_json::{Value, json};

use crate::{harness::App, seeing::records};

const AREAS: [&str; 11] = [
    "nats",
    "streams",
    "consumers",
    "services",
    "users",
    "postgresql",
    "read models",
    "dead letters",
    "keys",
    "clock",
    "connectors",
];

/// What was found, without what is as it should be: area, status, finding, what to do.
fn findings(output: &Output) -> Vec<[String; 4]> {
    let all = records(&output.stdout).into_iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|line| ["area", "status", "finding", "todo"].map(|field| text(&line[field])))
        .filter(|[_, status, ..]| status != "ok")
        .collect()
}

/// Whether something like this was found.
#[track_caller]
fn assert_found(output: &Output, area: &str, status: &str, finding: &str, todo: &str) {
    let found = findings(output);
    assert!(
        found.iter().any(|[in_area, is, said, advice]| in_area == area
            && is == status
            && said.contains(finding)
            && advice.contains(todo)),
        "{area} {status} {finding} {todo}: {found:#?}"
    );
}

async fn examine(app: &App) -> Output {
    app.installation.operate(&["doctor", "--json"]).await.unwrap()
}

#[tokio::test]
async fn a_healthy_installation_has_no_findings_and_no_secret_is_printed() {
    let app = App::start().await;
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    let output = examine(&app).await;
    assert_eq!(findings(&output), Vec::<[String; 4]>::new());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let areas: BTreeSet<String> = records(&output.stdout)
        .iter()
        .map(|line| line["area"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(areas, AREAS.map(str::to_owned).into());

    let people = app.installation.operate(&["doctor"]).await.unwrap();
    assert_eq!((people.status.code(), people.stderr.len()), (Some(0), 0));
    let shown = [output.stdout, people.stdout].concat();
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("\nnats\n  ok       nats-server"), "{shown}");
    assert!(shown.contains("  ok       14 users connect"), "{shown}");
    for (name, value) in app.installation.environment() {
        let secret = ["PASSWORD", "SECRET", "KEYS", "GRANT_KEY", "TOKEN", "DATABASE_URL"];
        if secret.iter().any(|word| name.contains(word)) {
            assert!(!shown.contains(value.as_str()), "{name} is shown");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_broken_is_found_and_comes_with_what_to_do() {
    let mut app = App::start().await;
    let admin = app.installation.connect(NatsUser::Admin).await.unwrap();
    let ask = async |subject: &str, request: Value| {
        let answer: Value = admin.request(subject, &request, Duration::from_secs(2)).await.unwrap();
        assert!(answer["error"].is_null(), "{answer}");
        answer
    };

    // A stream is changed by hand, a consumer is held back, and a dead letter lies there.
    let info = ask("$JS.API.STREAM.INFO.EVENTS", json!({})).await;
    let mut changed = info["config"].clone();
    changed["max_age"] = json!(3_600_000_000_000_u64);
    ask("$JS.API.STREAM.UPDATE.EVENTS", changed).await;
    app.hold_answers_back(true).await.unwrap();
    assert_eq!(app.webhook("push", json!({ "raw_body": "no JSON" })).await, 200);
    app.take("DEAD_LETTERS", 1).await.unwrap();
    let wrong = app
        .installation
        .command(&["doctor", "--json"])
        .env("INFRAGPT_NATS_PASSWORD_SLACK", "wrong")
        .output()
        .await
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert_found(
        &wrong,
        "streams",
        "warning",
        "max_age: 3600000000000 -> 0",
        "infragpt nats apply",
    );
    assert_found(
        &wrong,
        "consumers",
        "warning",
        "EVENTS/conversations is held back",
        "nats consumer resume EVENTS conversations",
    );
    assert_found(
        &wrong,
        "dead letters",
        "warning",
        "1 messages",
        "infragpt tail --no-follow --stream DEAD_LETTERS",
    );
    assert_found(
        &wrong,
        "users",
        "error",
        "refuses user `slack`",
        "set INFRAGPT_NATS_PASSWORD_SLACK",
    );
    let others = findings(&wrong).len();
    assert_eq!(others, 4, "{:#?}", findings(&wrong));

    // What it says to type is what helps.
    let letters = findings(&wrong)
        .into_iter()
        .find(|[area, ..]| area == "dead letters")
        .unwrap();
    let typed: Vec<String> = letters[3]
        .split(' ')
        .skip(1)
        .map(|word| word.replace('\'', ""))
        .collect();
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    assert!(
        app.installation
            .infragpt(&typed)
            .await
            .unwrap()
            .contains("DEAD_LETTERS#1")
    );
    app.hold_answers_back(false).await.unwrap();
    app.installation.infragpt(&["nats", "apply"]).await.unwrap();
    let mended = examine(&app).await;
    assert_eq!(findings(&mended).len(), 1, "{:#?}", findings(&mended));

    // Nobody runs, and a consumer is gone.
    app.installation.kill_roles().await.unwrap();
    ask("$JS.API.CONSUMER.DELETE.EVENTS.erasures", json!({})).await;
    let silent = examine(&app).await;
    assert_found(
        &silent,
        "streams",
        "error",
        "consumer EVENTS/erasures is missing",
        "infragpt nats apply",
    );
    for (stream, consumer, role) in [
        ("RAW_SLACK", "slack_handler", "handlers"),
        ("EVENTS", "conversations", "conversations"),
        ("EVENTS", "disconnections", "integrations"),
        ("RAW_CLERK", "projections", "projections"),
    ] {
        let serve = format!("infragpt serve --role {role}");
        assert_found(
            &silent,
            "consumers",
            "error",
            &format!("{stream}/{consumer} is read by nobody"),
            &serve,
        );
    }
    for (service, role) in [
        ("agent", "agent"),
        ("connector", "integrations"),
        ("infragpt_tools", "queries"),
    ] {
        let serve = format!("infragpt serve --role {role}");
        assert_found(
            &silent,
            "services",
            "error",
            &format!("nobody serves `{service}`"),
            &serve,
        );
    }
    assert_found(
        &silent,
        "read models",
        "error",
        "nobody projects",
        "infragpt serve --role projections",
    );
    assert_found(
        &silent,
        "connectors",
        "warning",
        "nobody serves integrations",
        "infragpt serve --role integrations",
    );

    // PostgreSQL is gone, and then NATS.
    app.installation.postgres.as_mut().unwrap().stop().await.unwrap();
    let dry = examine(&app).await;
    assert_found(
        &dry,
        "postgresql",
        "error",
        "PostgreSQL does not answer",
        "start PostgreSQL",
    );
    assert_found(&dry, "read models", "warning", "not looked at", "projections status");
    app.installation.nats.as_mut().unwrap().stop().await.unwrap();
    let dark = examine(&app).await;
    assert_found(&dark, "nats", "error", "no NATS server answers", "nats/server.conf");
    for area in [
        "streams",
        "consumers",
        "services",
        "users",
        "dead letters",
        "keys",
        "connectors",
    ] {
        assert_found(&dark, area, "warning", "not looked at", "mend what stands under `nats`");
    }
}

#[tokio::test]
async fn another_build_s_tables_and_holes_in_the_wall_are_found() {
    let app = App::start_without_roles(|_| {}).await;
    let url = app.installation.endpoints.database_url.clone();
    let sql = async |statement: &str| {
        let output = tokio::process::Command::new("psql")
            .args([url.as_str(), "-v", "ON_ERROR_STOP=1", "-c", statement])
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    sql("ALTER TABLE changes DISABLE ROW LEVEL SECURITY").await;
    assert_found(
        &examine(&app).await,
        "postgresql",
        "error",
        "rows of `changes`",
        "REVOKE SELECT ON changes",
    );
    sql("UPDATE _sqlx_migrations SET version = 99999999999999
         WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
    .await;
    assert_found(
        &examine(&app).await,
        "postgresql",
        "error",
        "of a newer build",
        "run the newer build",
    );
    sql("DELETE FROM _sqlx_migrations WHERE version = 99999999999999").await;
    assert_found(
        &examine(&app).await,
        "postgresql",
        "error",
        "of an earlier build",
        "infragpt migrate",
    );
}

#[tokio::test]
async fn servers_that_hang_hold_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    // They take connections, and never say a word.
    let (nats, postgres) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let started = Instant::now();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
        .args(["doctor", "--json"])
        .env_clear()
        .envs(NatsUser::ALL.map(|user| (user.password_variable(), "p")))
        .env(
            "INFRAGPT_NATS_URL",
            format!("nats://maya:hush-hush@127.0.0.1:{}", port(&nats)),
        )
        .env(
            "INFRAGPT_DATABASE_URL",
            format!("postgres://maya:hush-hush@127.0.0.1:{}/infragpt", port(&postgres)),
        )
        .current_dir(directory.path())
        .output()
        .await
        .unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!(output.status.code(), Some(1));
    assert_found(&output, "nats", "error", "no NATS server answers", "INFRAGPT_NATS_URL");
    assert_found(
        &output,
        "postgresql",
        "error",
        "PostgreSQL does not answer",
        "start PostgreSQL",
    );
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!shown.contains("hush-hush"), "{shown}");
}

#[tokio::test]
async fn where_nothing_is_configured_it_says_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let doctor = async |variables: &[(&str, &str)]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"));
        command
            .args(["doctor", "--json"])
            .env_clear()
            .envs(variables.iter().copied());
        command.current_dir(directory.path()).output().await.unwrap()
    };
    let output = doctor(&[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_found(
        &output,
        "nats",
        "warning",
        "no password",
        "set INFRAGPT_NATS_PASSWORD_OPERATOR",
    );
    assert_found(
        &output,
        "postgresql",
        "warning",
        "`database.url` is missing",
        "set INFRAGPT_DATABASE_URL",
    );
    assert_found(
        &output,
        "keys",
        "warning",
        "`encryption.keys` is not set",
        "infragpt keys generate",
    );
    assert_found(
        &output,
        "connectors",
        "warning",
        "no connector is configured",
        "infragpt configuration",
    );

    let half = doctor(&[
        ("INFRAGPT_GITHUB_APP_ID", "7"),
        ("INFRAGPT_ENCRYPTION_KEYS", "c2hvcnQ="),
        ("INFRAGPT_DATABASE_URL", "mysql://x"),
    ])
    .await;
    assert_found(
        &half,
        "connectors",
        "error",
        "github.private_key",
        "infragpt configuration",
    );
    assert_found(&half, "keys", "error", "5 bytes", "INFRAGPT_ENCRYPTION_KEYS");
    assert_found(
        &half,
        "postgresql",
        "error",
        "not one of PostgreSQL",
        "set INFRAGPT_DATABASE_URL",
    );
    let unreadable = doctor(&[("INFRAGPT_HTTP_LISTEN", "here")]).await;
    assert_eq!(unreadable.status.code(), Some(2));
}
