//! What `infragpt doctor` says of an installation, healthy and not.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    process::Output,
    time::{Duration, Instant},
};

use infragpt::configuration::NatsUser;
use infragpt_local::{NatsServer, find};
use infragpt_nats::definition::SERVER_CONFIGURATION;
use serde_json::{Value, json};

use crate::{
    harness::{App, password},
    seeing::records,
};

/// What was found, without what is as it should be: area, status, finding, what to do.
fn findings(output: &Output) -> Vec<[String; 4]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    records(&output.stdout)
        .into_iter()
        .map(|line| ["area", "status", "finding", "todo"].map(|field| text(&line[field])))
        .filter(|[_, status, ..]| status != "ok")
        .collect()
}

/// Whether all of these were found, by their area, their status, and parts of what was found and of what to do.
#[track_caller]
fn assert_found(output: &Output, expected: &[[&str; 4]]) {
    let found = findings(output);
    for [area, status, finding, todo] in expected {
        let is = |[in_area, has, said, advice]: &[String; 4]| {
            in_area == area && has == status && said.contains(finding) && advice.contains(todo)
        };
        assert!(found.iter().any(is), "{area} {status} {finding} {todo}: {found:#?}");
    }
    assert_eq!(output.status.code(), Some(1));
}

async fn examine(app: &App) -> Output {
    app.installation.operate(&["doctor", "--json"]).await.unwrap()
}

/// Runs it with nothing but these variables, where nothing is.
async fn examine_with(variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"));
    command.args(["doctor", "--json"]).current_dir(directory.path());
    command.env_clear().envs(variables.iter().copied());
    command.output().await.unwrap()
}

#[tokio::test]
async fn a_healthy_installation_has_no_findings_and_no_secret_is_printed() {
    let app = App::start().await;
    app.settled().await.unwrap();
    app.rows().await.unwrap();
    let output = examine(&app).await;
    assert_eq!(findings(&output), Vec::<[String; 4]>::new());
    assert_eq!(output.status.code(), Some(0));
    let lines = records(&output.stdout);
    let areas: BTreeSet<&str> = lines.iter().map(|line| line["area"].as_str().unwrap()).collect();
    let expected = [
        "clock",
        "connectors",
        "consumers",
        "dead letters",
        "http",
        "keys",
        "nats",
        "postgresql",
        "read models",
        "services",
        "streams",
        "users",
    ];
    assert!(areas.into_iter().eq(expected), "{lines:#?}");

    let people = app.installation.operate(&["doctor"]).await.unwrap();
    assert_eq!((people.status.code(), people.stderr), (Some(0), Vec::new()));
    let shown = String::from_utf8([output.stdout, people.stdout].concat()).unwrap();
    assert!(shown.contains("\nnats\n  ok       nats-server"), "{shown}");
    assert!(shown.contains("  ok       14 users: connected"), "{shown}");
    for (name, value) in app.installation.environment() {
        let secrets = ["PASSWORD", "SECRET", "ENCRYPTION", "GRANT", "TOKEN", "DATABASE_URL"];
        if secrets.iter().any(|word| name.contains(word)) {
            assert!(!shown.contains(value.as_str()), "{name} is shown");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_broken_is_found_and_what_it_says_to_type_helps() {
    let mut app = App::start().await;
    let admin = app.installation.connect(NatsUser::Admin).await.unwrap();
    let ask = async |subject: &str, request: Value| {
        let answer: Value = admin.request(subject, &request, Duration::from_secs(2)).await.unwrap();
        assert!(answer["error"].is_null(), "{answer}");
        answer
    };

    let info = ask("$JS.API.STREAM.INFO.EVENTS", json!({})).await;
    let mut changed = info["config"].clone();
    changed["max_age"] = json!(3_600_000_000_000_u64);
    ask("$JS.API.STREAM.UPDATE.EVENTS", changed).await;
    app.hold_answers_back(true).await.unwrap();
    assert_eq!(app.webhook("push", json!({ "raw_body": "no JSON" })).await, 200);
    app.take("DEAD_LETTERS", 1).await.unwrap();
    let mut wrong = app.installation.command(&["doctor", "--json"]);
    let wrong = wrong
        .env("INFRAGPT_NATS_PASSWORD_SLACK", "wrong")
        .output()
        .await
        .unwrap();
    let expected = [
        [
            "streams",
            "warning",
            "max_age: 3600000000000 -> 0",
            "infragpt nats apply",
        ],
        [
            "consumers",
            "warning",
            "EVENTS/conversations is held back",
            "nats consumer resume EVENTS conversations",
        ],
        [
            "users",
            "error",
            "refuses user `slack`",
            "set INFRAGPT_NATS_PASSWORD_SLACK",
        ],
        [
            "dead letters",
            "warning",
            "1 message could not be handled by RAW_GITHUB/github_handler",
            "infragpt tail",
        ],
    ];
    assert_found(&wrong, &expected);
    assert_eq!(findings(&wrong).len(), expected.len(), "{:#?}", findings(&wrong));

    let letters = &findings(&wrong)[3][3];
    let typed: Vec<&str> = letters.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    assert!(
        app.installation
            .infragpt(&typed)
            .await
            .unwrap()
            .contains("DEAD_LETTERS#1")
    );
    app.hold_answers_back(false).await.unwrap();
    app.installation.infragpt(&["nats", "apply"]).await.unwrap();
    let mended = findings(&examine(&app).await);
    assert!(mended.iter().all(|[area, ..]| area == "dead letters"), "{mended:#?}");

    app.installation.kill_roles().await.unwrap();
    ask("$JS.API.CONSUMER.DELETE.EVENTS.erasures", json!({})).await;
    assert_found(
        &examine(&app).await,
        &[
            [
                "streams",
                "error",
                "consumer EVENTS/erasures is missing",
                "infragpt nats apply",
            ],
            [
                "consumers",
                "error",
                "RAW_SLACK/slack_handler is read by nobody",
                "serve --role handlers",
            ],
            [
                "consumers",
                "error",
                "EVENTS/disconnections is read by nobody",
                "serve --role integrations",
            ],
            [
                "consumers",
                "error",
                "RAW_CLERK/projections is read by nobody",
                "serve --role projections",
            ],
            [
                "services",
                "error",
                "nobody serves `agent`",
                "infragpt serve --role agent",
            ],
            [
                "services",
                "error",
                "nobody serves `connector`",
                "infragpt serve --role integrations",
            ],
            [
                "services",
                "error",
                "nobody serves `infragpt_tools`",
                "infragpt serve --role queries",
            ],
            [
                "read models",
                "error",
                "nobody projects",
                "infragpt serve --role projections",
            ],
            [
                "keys",
                "warning",
                "nobody serves integrations",
                "infragpt serve --role integrations",
            ],
            [
                "connectors",
                "warning",
                "nobody serves integrations",
                "infragpt serve --role integrations",
            ],
        ],
    );

    app.installation.postgres.as_mut().unwrap().stop().await.unwrap();
    assert_found(
        &examine(&app).await,
        &[
            ["postgresql", "error", "PostgreSQL does not answer", "start PostgreSQL"],
            ["read models", "warning", "not looked at", "infragpt projections status"],
        ],
    );
    app.installation.nats.as_mut().unwrap().stop().await.unwrap();
    let dark = examine(&app).await;
    assert_found(
        &dark,
        &[["nats", "error", "no NATS server answers", "nats/server.conf"]],
    );
    for area in [
        "streams",
        "consumers",
        "services",
        "users",
        "dead letters",
        "http",
        "keys",
        "connectors",
    ] {
        assert_found(
            &dark,
            &[[area, "warning", "not looked at", "mend what stands under `nats`"]],
        );
    }
}

#[tokio::test]
async fn another_build_s_tables_and_a_hole_in_the_wall_are_found() {
    let app = App::start_without_roles(|_| {}).await;
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
    let found = async |finding: &str, todo: &str| {
        assert_found(&examine(&app).await, &[["postgresql", "error", finding, todo]]);
    };
    sql("ALTER TABLE changes DISABLE ROW LEVEL SECURITY").await;
    found(
        "security of `changes` is off",
        "ALTER TABLE changes ENABLE ROW LEVEL SECURITY",
    )
    .await;
    sql("UPDATE _sqlx_migrations SET version = 99999999999999 WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await;
    found("of a newer build", "run the newer build").await;
    sql("DELETE FROM _sqlx_migrations WHERE version = 99999999999999").await;
    found("of an earlier build", "infragpt migrate").await;
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
            [
                "users",
                "error",
                "user `api` delete streams and read CREDENTIALS",
                "nats/server.conf",
            ],
            ["streams", "error", "stream EVENTS is missing", "infragpt nats apply"],
        ],
    );
    let users = findings(&output).into_iter().filter(|[area, ..]| area == "users");
    assert_eq!(users.count(), 1, "nobody else may");
}

#[tokio::test]
async fn servers_that_hang_hold_nobody_up() {
    // They take connections, and never say a word.
    let (nats, postgres) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let at = |scheme: &str, listener: &TcpListener| {
        let address = listener.local_addr().unwrap();
        format!("{scheme}://maya:hush-hush@{address}/infragpt")
    };
    let passwords = NatsUser::ALL.map(NatsUser::password_variable);
    let (nats_url, database_url) = (at("nats", &nats), at("postgres", &postgres));
    let mut variables = vec![
        ("INFRAGPT_NATS_URL", nats_url.trim_end_matches("/infragpt")),
        ("INFRAGPT_DATABASE_URL", database_url.as_str()),
    ];
    variables.extend(passwords.iter().map(|name| (name.as_str(), "p")));
    let started = Instant::now();
    let output = examine_with(&variables).await;
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_found(
        &output,
        &[
            ["nats", "error", "no NATS server answers", "INFRAGPT_NATS_URL"],
            ["postgresql", "error", "PostgreSQL does not answer", "start PostgreSQL"],
        ],
    );
    let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!shown.contains("hush-hush"), "{shown}");
}

#[tokio::test]
async fn where_nothing_is_configured_it_says_what_is_missing() {
    assert_found(
        &examine_with(&[]).await,
        &[
            ["nats", "warning", "no password", "set INFRAGPT_NATS_PASSWORD_OPERATOR"],
            [
                "postgresql",
                "warning",
                "`database.url` is missing",
                "set INFRAGPT_DATABASE_URL",
            ],
            [
                "keys",
                "warning",
                "`encryption.keys` is not set",
                "infragpt keys generate",
            ],
            [
                "connectors",
                "warning",
                "no connector is configured",
                "infragpt configuration",
            ],
        ],
    );
    let wrong = [
        ("INFRAGPT_SLACK_BOT_TOKEN", "xoxb-1"),
        ("INFRAGPT_ENCRYPTION_KEYS", "c2hvcnQ="),
        ("INFRAGPT_DATABASE_URL", "mysql://x"),
    ];
    assert_found(
        &examine_with(&wrong).await,
        &[
            [
                "connectors",
                "warning",
                "slack hears nothing here",
                "infragpt configuration",
            ],
            ["keys", "error", "5 bytes", "INFRAGPT_ENCRYPTION_KEYS"],
            [
                "postgresql",
                "error",
                "not one of PostgreSQL",
                "set INFRAGPT_DATABASE_URL",
            ],
        ],
    );
    let unreadable = examine_with(&[("INFRAGPT_GITHUB_APP_ID", "7")]).await;
    assert_eq!(unreadable.status.code(), Some(2), "half a connector is a mistake");
}
