//! What an operator types, and what comes back.

use std::{path::Path, process::Output, time::Duration};

use infragpt::{
    configuration::NatsUser,
    environment::{Control, Endpoints},
};
use infragpt_local::{Postgres, PostgresOptions};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::harness::{App, Nats, install_crypto, password, until};

async fn infragpt(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir(directory)
        .output()
        .await
        .unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn mistakes_are_named_and_have_their_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let password = ("INFRAGPT_NATS_PASSWORD_ADMIN", "p");
    for (arguments, environment, code, expected) in [
        (&["nats", "check"][..], &[][..], 2, "set INFRAGPT_NATS_PASSWORD_ADMIN"),
        (
            &["nats", "check"],
            &[password, ("INFRAGPT_NATS_URL", "nats://127.0.0.1:1")],
            3,
            "no NATS server answers",
        ),
        (
            &["serve"],
            &[("INFRAGPT_HTTP_LISTEN", "here")],
            2,
            "`http.listen` in `INFRAGPT_HTTP_LISTEN`",
        ),
        (&["serve", "--role", "nobody"], &[], 2, "invalid value 'nobody'"),
        (&["migrate"], &[], 2, "INFRAGPT_DATABASE_URL"),
        (
            &["migrate"],
            &[("INFRAGPT_DATABASE_URL", "mysql://x")],
            3,
            "the database can't be made",
        ),
        (&["--configuration", "nowhere.toml", "migrate"], &[], 2, "nowhere.toml"),
        (
            &["migrate"],
            &[("INFRAGPT_DATABSE_URL", "x")],
            2,
            "INFRAGPT_DATABSE_URL",
        ),
        (&["rebuild"], &[], 2, "unrecognized subcommand"),
    ] {
        complains(directory.path(), arguments, environment, (code, expected)).await;
    }
}

#[tokio::test]
async fn what_a_role_lacks_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let grant = ("INFRAGPT_GRANT_KEY", "thirty-two characters and a few more");
    for (role, environment, expected) in [
        (
            "queries",
            &[("INFRAGPT_NATS_PASSWORD_QUERIES", "p")][..],
            "INFRAGPT_DATABASE_URL",
        ),
        (
            "integrations",
            &[("INFRAGPT_NATS_PASSWORD_INTEGRATIONS", "p")],
            "set INFRAGPT_GRANT_KEY to at least 32 random characters",
        ),
        (
            "integrations",
            &[("INFRAGPT_NATS_PASSWORD_INTEGRATIONS", "p"), grant],
            "set INFRAGPT_ENCRYPTION_KEYS to what `infragpt keys generate` prints",
        ),
        (
            "integrations",
            &[
                ("INFRAGPT_NATS_PASSWORD_INTEGRATIONS", "p"),
                grant,
                ("INFRAGPT_ENCRYPTION_KEYS", "c2hvcnQ="),
            ],
            "5 bytes",
        ),
        (
            "slack",
            &[
                ("INFRAGPT_NATS_PASSWORD_SLACK", "p"),
                ("INFRAGPT_SLACK_CLIENT_ID", "1.2"),
            ],
            "slack.client_secret",
        ),
        (
            "github",
            &[("INFRAGPT_NATS_PASSWORD_GITHUB", "p"), ("INFRAGPT_GITHUB_APP_ID", "7")],
            "github.private_key",
        ),
        (
            "clerk",
            &[
                ("INFRAGPT_NATS_PASSWORD_CLERK", "p"),
                ("INFRAGPT_CLERK_WEBHOOK_SECRET", "whsec_leaked!"),
            ],
            "clerk.webhook_secret",
        ),
        (
            "api",
            &[
                ("INFRAGPT_NATS_PASSWORD_API", "p"),
                ("INFRAGPT_CLERK_ISSUER", "https://clerk.example.com"),
            ],
            "clerk.authorized_parties is missing",
        ),
        (
            "api",
            &[
                ("INFRAGPT_NATS_PASSWORD_API", "p"),
                ("INFRAGPT_API_TRUSTED_PROXIES", "everybody"),
            ],
            "api.trusted_proxies",
        ),
    ] {
        complains(directory.path(), &["serve", "--role", role], environment, (2, expected)).await;
    }
}

/// Ends with `code`, and says `expected`.
async fn complains(directory: &Path, arguments: &[&str], environment: &[(&str, &str)], (code, expected): (i32, &str)) {
    let output = infragpt(directory, arguments, environment).await;
    let said = complaint(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(expected), "{arguments:?} said: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_generated_key_is_a_key_and_differs_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let output = infragpt(directory.path(), &["keys", "generate"], &[]).await;
        assert!(output.status.success(), "{}", complaint(&output));
        let key = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        infragpt_vault::KeyRing::parse(&key.clone().into()).unwrap();
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn operators_connect_check_and_look() {
    let app = App::start().await;
    let installation = &app.installation;
    let again = installation
        .infragpt(&[
            "integrations",
            "connect",
            "slack",
            "--organization",
            "acme",
            "--as-operator",
        ])
        .await
        .unwrap();
    assert!(
        again.contains("slack is active for `acme`: account T0ACME Acme"),
        "{again}"
    );
    let checked = installation.infragpt(&["nats", "check"]).await.unwrap();
    assert!(checked.lines().all(|line| line.starts_with("= ")), "{checked}");
    let status = installation.infragpt(&["projections", "status"]).await.unwrap();
    assert!(status.contains("STREAM") && status.contains("RAW_SLACK"), "{status}");
    for (arguments, expected) in [
        (
            &[
                "integrations",
                "connect",
                "github",
                "--organization",
                "other",
                "--account",
                "4242",
                "--as-operator",
            ][..],
            "another organization",
        ),
        (
            &["integrations", "connect", "slack", "--organization", "a.b"],
            "organization",
        ),
        (
            &["integrations", "connect", "pagerduty", "--organization", "acme"],
            "pagerduty",
        ),
        (
            &[
                "integrations",
                "connect",
                "github",
                "--organization",
                "acme",
                "--as-operator",
            ],
            "--account",
        ),
    ] {
        let error = installation.infragpt(arguments).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    app.finish().await;
}

#[tokio::test]
async fn dev_stays_up_keeps_its_data_and_stops_in_order() {
    install_crypto();
    let directory = tempfile::Builder::new().prefix("infragpt-it-").tempdir().unwrap();
    let file = directory.path().join("endpoints.json");
    let mut marks = Vec::new();
    for _ in 0..2 {
        let _ = std::fs::remove_file(&file);
        let data = directory.path().join("data");
        let mut dev = tokio::process::Command::new(env!("CARGO_BIN_EXE_infragpt"))
            .args([
                "dev",
                "--data-directory",
                data.to_str().unwrap(),
                "--endpoints",
                file.to_str().unwrap(),
            ])
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let endpoints: Endpoints = until("the endpoints", async || {
            let bytes = std::fs::read(&file).ok()?;
            Some(serde_json::from_slice(&bytes).unwrap())
        })
        .await;
        let ready = reqwest::get(format!("{}/readyz", endpoints.api_url)).await.unwrap();
        assert_eq!(ready.status(), 200);
        // It answers in every run, although the sandbox forgot the tokens of the one before.
        let control = Control::new(&endpoints.control_url);
        let said = control
            .message(&json!({ "text": "status", "via": "socket" }))
            .await
            .unwrap();
        control
            .replies(&said.channel, &said.ts, 1, Duration::from_secs(20))
            .await
            .unwrap();
        // Another terminal operates it.
        let script = format!(
            ". {} && {} integrations list --organization acme",
            data.join("environment.sh").display(),
            env!("CARGO_BIN_EXE_infragpt")
        );
        let listed = tokio::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(directory.path())
            .output()
            .await
            .unwrap();
        let table = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert_eq!(table.matches(" active ").count(), 2, "{table}{}", complaint(&listed));
        marks.push(endpoints.nats_users["operator"].password.clone());
        kill(Pid::from_raw(i32::try_from(dev.id().unwrap()).unwrap()), Signal::SIGINT).unwrap();
        assert!(dev.wait().await.unwrap().success());
        assert!(
            reqwest::get(format!("{}/readyz", endpoints.api_url)).await.is_err(),
            "something is still running"
        );
    }
    assert_eq!(marks[0], marks[1], "the secrets are kept between runs");
}

/// On servers that somebody configured, the demo plays in a database of its own and leaves nothing there.
#[tokio::test]
async fn the_demo_plays_on_configured_servers() {
    let nats = Nats::start_empty().await;
    let directory = tempfile::Builder::new().prefix("infragpt-it-").tempdir().unwrap();
    let mut postgres = Postgres::start(PostgresOptions {
        data_directory: directory.path().join("postgres"),
        port: None,
        log: directory.path().join("postgres.log"),
    })
    .await
    .unwrap();
    let mut environment = vec![
        ("INFRAGPT_NATS_URL".to_owned(), nats.server.url()),
        (
            "INFRAGPT_DATABASE_URL".to_owned(),
            postgres.url_of("precious").expose_secret().to_owned(),
        ),
        ("PATH".to_owned(), std::env::var("PATH").unwrap()),
    ];
    environment.extend(
        NatsUser::ALL
            .into_iter()
            .map(|user| (user.password_variable(), password(user))),
    );
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let data = directory.path().join("demo");
    let output = infragpt(
        directory.path(),
        &["demo", "--data-directory", data.to_str().unwrap()],
        &environment,
    )
    .await;
    let transcript = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{transcript}\n{}", complaint(&output));
    assert!(transcript.contains("Every step was observed."), "{transcript}");

    let again = infragpt(
        directory.path(),
        &["demo", "--data-directory", data.to_str().unwrap()],
        &environment,
    )
    .await;
    assert_eq!(again.status.code(), Some(1));
    assert!(
        complaint(&again).contains("the demo needs empty streams"),
        "{}",
        complaint(&again)
    );
    postgres.stop().await.unwrap();
}
