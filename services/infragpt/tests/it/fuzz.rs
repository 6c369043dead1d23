//! A fuzzer that knows nothing but the OpenAPI document finds nothing that the document does not say.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::harness::App;

/// How many requests it makes up for each operation in each of its phases, and how long it may take in all.
const EXAMPLES: &str = "12";
const SECONDS: &str = "90";

/// What it is told.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz");

/// Where schemathesis is installed, once for all runs with the same pins.
async fn schemathesis() -> PathBuf {
    let pins = Path::new(SETTINGS).join("requirements.txt");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let folder = target.join("schemathesis");
    let (packages, stamp) = (folder.join("packages"), folder.join(".installed"));
    let wanted = std::fs::read_to_string(&pins).unwrap();
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return packages;
    }
    std::fs::create_dir_all(&folder).unwrap();
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--upgrade",
    ])
    .arg("--target")
    .arg(&packages)
    .arg("--requirement")
    .arg(&pins);
    run(&mut pip).await.unwrap();
    std::fs::write(stamp, wanted).unwrap();
    packages
}

async fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("{command:?} can't be run: {error}"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[tokio::test]
async fn the_api_does_what_its_document_says() {
    let packages = schemathesis().await;
    let limits = [
        ("INFRAGPT_API_RATE_PER_MINUTE", "1000000"),
        ("INFRAGPT_API_RATE_BURST", "1000000"),
    ];
    let app = App::start_with(&limits).await;
    app.sign_up().await.unwrap();
    // So that there is something to find: changes, a conversation with its messages.
    for event in ["push", "release", "workflow_run"] {
        app.webhook(event, serde_json::json!({ "repository": "acme/payments" }))
            .await;
    }
    let said = app
        .say(serde_json::json!({ "text": "what changed?", "mention": true, "via": "socket" }))
        .await;
    app.answer(&said.unwrap()).await.unwrap();
    let endpoints = &app.installation.endpoints;
    let mut fuzzer = Command::new("python3");
    fuzzer
        .env("PYTHONPATH", &packages)
        .current_dir(app.directory())
        .arg(packages.join("bin/schemathesis"))
        .arg("--config-file")
        .arg(Path::new(SETTINGS).join("schemathesis.toml"))
        .args(["run", "--checks", "all", "--no-color", "--seed", "7"])
        .args([
            "--max-examples",
            EXAMPLES,
            "--max-time",
            SECONDS,
            "--request-timeout",
            "20",
        ])
        .args(["--phases", "examples,coverage,fuzzing", "--warnings", "off"])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", endpoints.session_token))
        .arg(format!("{}/api/v1/openapi.json", endpoints.api_url));
    let found = run(&mut fuzzer).await;
    assert!(found.is_ok(), "{}", found.unwrap_err());
    app.finish().await;
}
