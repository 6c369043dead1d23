//! What `infragpt doctor` says of an installation, healthy and not.

mod broken;

use std::{
    collections::BTreeSet,
    net::TcpListener,
    process::Output,
    time::{Duration, Instant},
};

use infragpt::configuration::NatsUser;
use serde_json::Value;

use crate::{harness::App, seeing::records};

/// What was found, without what is as it should be: area, status, finding, what to do.
fn findings(output: &Output) -> Vec<[String; 4]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    records(&output.stdout)
        .into_iter()
        .map(|line| ["area", "status", "finding", "todo"].map(|field| text(&line[field])))
        .filter(|[_, status, ..]| status != "ok")
        .collect()
}

/// Whether all of these were found: area, status, and parts of what was found and of what to do, between bars.
#[track_caller]
fn assert_found(output: &Output, expected: &[&str]) {
    let found = findings(output);
    for line in expected {
        let parts: Vec<&str> = line.split(" | ").collect();
        let is = |[area, status, said, todo]: &[String; 4]| {
            [area, status] == parts[..2] && said.contains(parts[2]) && todo.contains(parts[3])
        };
        assert!(found.iter().any(is), "{line}: {found:#?}");
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
            "nats | error | no NATS server answers | INFRAGPT_NATS_URL",
            "postgresql | error | PostgreSQL does not answer | start PostgreSQL",
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
            "nats | warning | no password | set INFRAGPT_NATS_PASSWORD_OPERATOR",
            "postgresql | warning | `database.url` is missing | set INFRAGPT_DATABASE_URL",
            "keys | warning | `encryption.keys` is not set | infragpt keys generate",
            "connectors | warning | no connector is configured | infragpt configuration",
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
            "connectors | warning | slack hears nothing here | infragpt configuration",
            "keys | error | 5 bytes | INFRAGPT_ENCRYPTION_KEYS",
            "postgresql | error | not one of PostgreSQL | set INFRAGPT_DATABASE_URL",
        ],
    );
    let unreadable = examine_with(&[("INFRAGPT_GITHUB_APP_ID", "7")]).await;
    assert_eq!(unreadable.status.code(), Some(2), "half a connector is a mistake");
}
