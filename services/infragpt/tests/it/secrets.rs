//! No secret in a stream, a table or a log.

use std::{fs, path::Path};

use serde_json::json;

use crate::harness::App;

/// How the tokens begin that the sandbox's Slack and GitHub issue: of workspaces, to refresh them, of installations, of
/// people.
const TOKENS: [&str; 5] = ["xoxe.xoxb-1-", "xoxe-1-", "ghs_sandbox", "ghu_sandbox", "ghr_sandbox"];

/// What follows where a test wrote the beginning of a token by itself.
const PLANTED: &str = "planted";

/// Reads every file of an installation but what keeps secrets on purpose, what the sandbox remembers of its own, and
/// directories named in `without`.
fn each_file(directory: &Path, without: &[&str], look: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && name != "sandbox" && !without.contains(&name.as_str()) {
            each_file(&path, without, look);
        } else if kind.is_file()
            && !["secrets.json", "password", "github-app.pem"].contains(&name.as_str())
            && let Ok(bytes) = fs::read(&path)
        {
            look(&path, &bytes);
        }
    }
}

/// The files below `directory` with an issued token in them: of every test that ends in order, see `App::finish`.
pub fn files_with_tokens(directory: &Path, without: &[&str], planted: bool) -> Vec<String> {
    let mut found = Vec::new();
    each_file(directory, without, &mut |path, bytes| {
        for token in TOKENS {
            let occurs = memchr::memmem::find_iter(bytes, token).any(|at| {
                let rest = &bytes[at + token.len()..];
                rest.starts_with(PLANTED.as_bytes()) == planted
            });
            if occurs {
                found.push(format!("{token}… in {}", path.display()));
            }
        }
    });
    found
}

/// The files below `directory` with `needle` in them.
pub fn files_with(directory: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    each_file(directory, &[], &mut |path, bytes| {
        if memchr::memmem::find(bytes, needle).is_some() {
            found.push(path.display().to_string());
        }
    });
    found
}

#[tokio::test]
async fn no_secret_is_written_anywhere() {
    let mut app = App::start_without_roles(|options| options.log_level = "debug".into()).await;
    app.installation.start_roles().await.unwrap();
    app.installation.connect_organization().await.unwrap();
    app.sign_up().await.unwrap();
    let url = app.slack_url();
    // A canary in a message proves that the search reaches streams and tables.
    let canary = "canary-that-is-in-the-open";
    let planted: Vec<String> = TOKENS.iter().map(|token| format!("{token}{PLANTED}")).collect();
    let said = app
        .say(json!({ "text": format!("status {canary} {}", planted.join(" ")), "via": "http", "url": url }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    let command = format!("{}/webhooks/slack/commands", app.installation.endpoints.api_url);
    app.control
        .call("command", &json!({ "text": "help", "via": "http", "url": command }))
        .await
        .unwrap();
    // Tokens are exchanged, refused, and end.
    app.control.call("expire_tokens", &json!({})).await.unwrap();
    let again = app
        .say(json!({ "text": "help", "via": "http", "url": url }))
        .await
        .unwrap();
    app.answer(&again).await.unwrap();
    for connector in ["slack", "github"] {
        let arguments = ["integrations", "disconnect", connector, "--organization", "acme"];
        app.installation.infragpt(&arguments).await.unwrap();
    }
    app.installation.connect_organization().await.unwrap();
    app.webhook("push", json!({ "repository": "acme/payments" })).await;
    app.rows().await.unwrap();
    let endpoints = app.installation.endpoints.clone();
    let environment = app.installation.environment().clone();
    app.settled().await.unwrap();
    let dump = tokio::process::Command::new(infragpt_local::find::postgres().unwrap().join("pg_dump"))
        .args(["--dbname", &endpoints.database_url, "--file"])
        .arg(app.directory().join("dump.sql"))
        .output()
        .await
        .unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    // PostgreSQL's files are complete once it has stopped.
    app.installation.roles.take().unwrap().stop().await.unwrap();
    app.installation.postgres.as_mut().unwrap().stop().await.unwrap();

    let search = |needle: &str| files_with(app.directory(), needle.as_bytes());
    let seen = search(canary);
    let seen_tokens = files_with_tokens(app.directory(), &[], true);
    for place in ["/nats/", "/postgres/", "/dump.sql"] {
        for token in TOKENS {
            let reached = seen_tokens
                .iter()
                .any(|file| file.starts_with(token) && file.contains(place));
            assert!(
                reached,
                "the search for {token}… does not reach {place}: {seen_tokens:?}"
            );
        }
        assert!(
            seen.iter().any(|path| path.contains(place)),
            "the search does not reach {place}: {seen:?}"
        );
    }
    assert_eq!(files_with_tokens(app.directory(), &[], false), Vec::<String>::new());
    let sandbox = infragpt_sandbox::Configuration::default();
    let mut secrets = vec![
        environment["INFRAGPT_ENCRYPTION_KEYS"].clone(),
        sandbox.slack.client_secret,
        sandbox.github.client_secret,
        "BEGIN RSA PRIVATE KEY".to_owned(),
        endpoints.slack_signing_secret,
        endpoints.slack_app_token,
        endpoints.slack_bot_token,
        endpoints.github_webhook_secret,
        endpoints.clerk_webhook_secret,
        endpoints.session_token,
        "sandbox-verification-token".to_owned(),
        environment["INFRAGPT_GRANT_KEY"].clone(),
    ];
    secrets.extend(endpoints.nats_users.into_values().map(|user| user.password));
    for secret in secrets {
        assert_eq!(search(&secret), Vec::<String>::new(), "{secret} was written");
    }
    app.installation.postgres.as_mut().unwrap().restart().await.unwrap();
    app.finish().await;
}
