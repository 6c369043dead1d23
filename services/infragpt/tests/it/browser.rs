//! What a person sees: a conversation on Slack's simulated page, in a real browser.
//!
//! `SCREENSHOTS` names a folder for pictures of it; `CHROMIUM` another browser than Debian's.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::json;
use tokio::process::Command;

use crate::{chat::Scripted, harness::App};

/// Where the scripts are, and where what they need is installed.
fn folders() -> (PathBuf, PathBuf) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| package.join("../../target"), PathBuf::from);
    (package.join("tests/browser"), target.join("browser-tests"))
}

async fn run(command: &mut Command) -> String {
    let name = command.as_std().get_program().display().to_string();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("cannot run {name}, which the browser tests need: {error}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{name} failed:\n{out}\n{err}");
    out.into_owned()
}

/// Installs exactly the pinned packages, unless they are there; returns the folder in which the scripts run.
async fn install() -> PathBuf {
    let (source, target) = folders();
    let pins = ["package.json", "package-lock.json"];
    let wanted: String = pins
        .iter()
        .map(|name| std::fs::read_to_string(source.join(name)).unwrap())
        .collect();
    std::fs::create_dir_all(&target).unwrap();
    let stamp = target.join(".installed");
    if std::fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        for name in pins {
            std::fs::copy(source.join(name), target.join(name)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
        run(npm.current_dir(&target)).await;
        std::fs::write(stamp, wanted).unwrap();
    }
    for entry in std::fs::read_dir(source).unwrap() {
        let script = entry.unwrap().path();
        if script.extension().is_some_and(|it| it == "mjs") {
            std::fs::copy(&script, target.join(script.file_name().unwrap())).unwrap();
        }
    }
    target
}

#[tokio::test]
async fn a_person_asks_reads_and_judges_an_answer() {
    let scripts = install().await;
    let app = App::start().await;
    let title = "Refunds are retried twice";
    let merged = json!({
        "action": "closed",
        "repository": "acme/payments",
        "patch": { "pull_request": { "title": title } },
    });
    assert_eq!(app.webhook("pull_request", merged).await, 200);
    app.rows().await.unwrap();

    for (script, end) in [
        ("conversation.mjs", "the conversation works\n"),
        ("rendering.mjs", "the page shows what Slack shows\n"),
        ("live.mjs", "the page is alive\n"),
    ] {
        play(&app, &scripts, (script, end), title).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_person_watches_stops_and_approves() {
    let scripts = install().await;
    let it = Scripted::start().await;
    play(&it.app, &scripts, ("control.mjs", "the person is in control\n"), "").await;
    it.finish().await;
}

async fn play(app: &App, scripts: &Path, (script, end): (&str, &str), expected: &str) {
    let mut node = Command::new("node");
    node.arg(script)
        .current_dir(scripts)
        .env("SANDBOX_URL", &app.installation.endpoints.sandbox_url)
        .env("BOT_TOKEN", &app.installation.endpoints.slack_bot_token)
        .env("EXPECTED", expected);
    let said = run(&mut node).await;
    assert!(said.ends_with(end), "{script}: {said}");
}
