use std::os::unix::fs::PermissionsExt;

use super::*;

fn fake(directory: &Path, name: &str, says: &str) -> PathBuf {
    let program = directory.join(name);
    fs::write(&program, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

fn refusal(error: Error) -> String {
    match error {
        Error::NotFound { refused, .. } => refused,
        other => panic!("{other}"),
    }
}

#[test]
fn an_older_nats_server_is_passed_over_for_a_newer_one() {
    let directory = tempfile::tempdir().unwrap();
    let old = fake(directory.path(), "old", "nats-server: v2.9.10");
    let almost = fake(directory.path(), "almost", "nats-server: v2.14.3");
    let least = fake(directory.path(), "least", "nats-server: v2.14.4");
    let newer = fake(directory.path(), "newer", "nats-server: v3.0.0-RC.1");
    assert_eq!(
        first_nats_server([old.clone(), almost, least.clone(), newer.clone()]).unwrap(),
        least
    );
    assert_eq!(first_nats_server([old, newer.clone()]).unwrap(), newer);
}

#[test]
fn every_refused_nats_server_is_named_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let old = fake(directory.path(), "old", "nats-server: v2.9.10");
    let other = fake(directory.path(), "other", "something else");
    let missing = directory.path().join("missing");
    let refused = refusal(first_nats_server([old.clone(), other.clone(), missing.clone()]).unwrap_err());
    assert_eq!(
        refused,
        format!(
            "{} is version 2.9.10, which is too old; {} does not tell its version (`-v`); {} does not exist",
            old.display(),
            other.display(),
            missing.display()
        )
    );
}

#[test]
fn postgres_needs_its_version_and_initdb() {
    let directory = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(directory.path()).unwrap();
    let place = |name: &str, says: &str, initdb: bool| {
        let bin = root.join(name);
        fs::create_dir(&bin).unwrap();
        if initdb {
            fake(&bin, "initdb", "");
        }
        fake(&bin, "postgres", says)
    };
    let old = place("13", "postgres (PostgreSQL) 13.4", true);
    let lone = place("16", "postgres (PostgreSQL) 16.1", false);
    let good = place("17", "postgres (PostgreSQL) 17beta1 (Debian 17~beta1)", true);
    assert_eq!(
        first_postgres([old.clone(), lone.clone(), good]).unwrap(),
        root.join("17")
    );
    let refused = refusal(first_postgres([old.clone(), lone.clone()]).unwrap_err());
    assert!(refused.contains("is version 13, which is too old") && refused.contains("has no initdb beside it"));
}

#[test]
fn the_real_servers_are_found() {
    assert!(nats_server().unwrap().is_file());
    assert!(postgres().unwrap().join("initdb").is_file());
}
