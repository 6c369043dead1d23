//! No secret in a stream, a table or a log.

use std::{fs, path::Path};

use serde_json::json;

use crate::harness::App;

/// Whether any file below `directory` holds `needle`, by name.
fn find(directory: &Path, needle: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            find(&path, needle, found);
        } else if kind.is_file()
            && path
                .file_name()
                .is_some_and(|name| name != "secrets.json" && name != "password")
            && fs::read(&path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
        {
            found.push(path.display().to_string());
        }
    }
}

#[tokio::test]
async fn no_secret_is_written_anywhere() {
    let mut app = App::start_without_roles(|options| options.log_level = "debug".into()).await;
    app.installation.start_roles().await.unwrap();
    app.connect_acme().await;
    let url = app.slack_url();
    // A canary in a message proves that the search reaches streams and tables.
    let canary = "canary-that-is-in-the-open";
    let said = app
        .say(json!({ "text": format!("status {canary}"), "via": "http", "url": url }))
        .await
        .unwrap();
    app.answer(&said).await.unwrap();
    let command = format!("{}/webhooks/slack/commands", app.installation.endpoints.api_url);
    app.control
        .call("command", &json!({ "text": "help", "via": "http", "url": command }))
        .await
        .unwrap();
    app.webhook("push", json!({ "repository": "acme/payments" })).await;
    app.rows().await.unwrap();
    let endpoints = app.installation.endpoints.clone();
    let environment = app.installation.environment().clone();
    app.settled().await.unwrap();
    // PostgreSQL's files are complete once it has stopped.
    app.installation.roles.take().unwrap().stop().await.unwrap();
    app.installation.postgres.as_mut().unwrap().stop().await.unwrap();

    let search = |needle: &str| {
        let mut found = Vec::new();
        find(app.directory(), needle.as_bytes(), &mut found);
        // What the sandbox remembers of Slack is Slack's own.
        found.retain(|path| !path.contains("/sandbox/"));
        found
    };
    let seen = search(canary);
    for place in ["/nats/", "/postgres/"] {
        assert!(
            seen.iter().any(|path| path.contains(place)),
            "the search does not reach {place}: {seen:?}"
        );
    }
    let mut secrets = vec![
        endpoints.slack_signing_secret,
        endpoints.slack_app_token,
        endpoints.slack_bot_token,
        endpoints.github_webhook_secret,
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
