use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::World;
use crate::Configuration;

/// The folder with the checks, and where their dependencies are installed.
fn folders(language: &str) -> (PathBuf, PathBuf) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk").join(language);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    (source, target.join("sandbox-sdk").join(language))
}

async fn run(command: &mut Command) -> String {
    let name = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("cannot run {name}, which the SDK checks need: {error}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{name} failed:\n{out}\n{err}");
    out.into_owned()
}

/// Installs into `target` unless exactly these pins are installed there already.
async fn install(source: &Path, target: &Path, pins: &[&str], command: &mut Command) {
    let wanted: String = pins
        .iter()
        .map(|name| std::fs::read_to_string(source.join(name)).unwrap())
        .collect();
    let stamp = target.join(".installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return;
    }
    std::fs::create_dir_all(target).unwrap();
    for name in pins {
        std::fs::copy(source.join(name), target.join(name)).unwrap();
    }
    run(command).await;
    std::fs::write(stamp, wanted).unwrap();
}

#[tokio::test]
async fn the_official_python_clients_work() {
    let (source, target) = folders("python");
    let packages = target.join("packages");
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--upgrade",
        "--target",
    ]);
    pip.arg(&packages)
        .args(["--requirement"])
        .arg(source.join("requirements.txt"));
    install(&source, &target, &["requirements.txt"], &mut pip).await;

    let world = World::start().await;
    let mut check = Command::new("python3");
    check
        .arg(source.join("check.py"))
        .env("PYTHONPATH", &packages)
        .env("SANDBOX_URL", world.sandbox.url());
    let output = run(&mut check).await;
    assert!(output.ends_with("the Python clients work\n"), "{output}");
}

#[tokio::test]
async fn the_official_node_clients_work() {
    let (source, target) = folders("node");
    let pins = ["package.json", "package-lock.json"];
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&target);
    install(&source, &target, &pins, &mut npm).await;
    std::fs::copy(source.join("check.mjs"), target.join("check.mjs")).unwrap();

    let generate = "process.stdout.write(require('node:crypto').generateKeyPairSync('rsa', { modulusLength: 2048, \
publicKeyEncoding: { type: 'pkcs1', format: 'pem' }, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } }).privateKey)";
    let key = run(Command::new("node").args(["-e", generate])).await;
    let mut configuration = Configuration::default();
    configuration.github.app_key = Some(key.clone());
    let world = World::with(configuration).await;
    let mut check = Command::new("node");
    check
        .arg("check.mjs")
        .current_dir(&target)
        .env("SANDBOX_URL", world.sandbox.url())
        .env("GITHUB_APP_KEY", key);
    let output = run(&mut check).await;
    assert!(output.ends_with("the Node clients work\n"), "{output}");
}
