use std::path::{Path, PathBuf};
use std::process::Command;

use infragpt_local::{Error, Postgres, find};
use secrecy::ExposeSecret;

use crate::{postgres_options, runs};

/// Runs SQL with the `psql` beside the server.
fn sql(server: &Postgres, text: &str) -> String {
    let psql: PathBuf = find::postgres().unwrap().join("psql");
    let output = Command::new(psql)
        .args([server.url().expose_secret(), "-Atqc", text])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_killed_server_restarts_on_its_port_with_its_rows() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Postgres::start(postgres_options(directory.path())).await.unwrap();
    let (port, pid) = (server.port(), server.pid());
    sql(&server, "CREATE TABLE kept (number int); INSERT INTO kept VALUES (42)");

    server.kill().await.unwrap();
    assert!(!runs(pid));
    // What a long uptime does: the old number belongs to some other program.
    let stale = directory.path().join("postgres/cluster/postmaster.pid");
    let text = std::fs::read_to_string(&stale)
        .unwrap()
        .replacen(&pid.to_string(), &std::process::id().to_string(), 1);
    write(&stale, &text);

    server.restart().await.unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(sql(&server, "SELECT number FROM kept"), "42");
    let url = server.url();
    server.stop().await.unwrap();

    let mut options = postgres_options(directory.path());
    options.port = Some(port);
    let server = Postgres::start(options).await.unwrap();
    assert_eq!(server.url().expose_secret(), url.expose_secret());
    assert_eq!(sql(&server, "SELECT number FROM kept"), "42");
    assert!(
        server
            .url_of("other")
            .expose_secret()
            .ends_with(&format!("@127.0.0.1:{port}/other"))
    );
}

#[tokio::test]
async fn nobody_enters_without_the_password() {
    let directory = tempfile::tempdir().unwrap();
    let server = Postgres::start(postgres_options(directory.path())).await.unwrap();
    let psql = find::postgres().unwrap().join("psql");
    let url = format!("postgres://infragpt:wrong@127.0.0.1:{}/postgres", server.port());
    assert!(
        !Command::new(psql)
            .args([&url, "-c", "SELECT 1"])
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(sql(&server, "SHOW listen_addresses"), "127.0.0.1");
    assert_eq!(
        sql(
            &server,
            "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
        ),
        "0"
    );
    assert!(!format!("{server:?}").contains("postgres://"));
}

#[tokio::test]
async fn an_interrupted_initdb_is_done_again() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("postgres/cluster.new");
    std::fs::create_dir_all(&unfinished).unwrap();
    write(&unfinished.join("PG_VERSION"), "15\n");
    let server = Postgres::start(postgres_options(directory.path())).await.unwrap();
    assert_eq!(sql(&server, "SELECT 1"), "1");
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = directory.path().join("postgres/cluster");
    std::fs::create_dir_all(&cluster).unwrap();
    write(&cluster.join("PG_VERSION"), "9.6\n");
    let error = Postgres::start(postgres_options(directory.path())).await.unwrap_err();
    assert!(
        matches!(&error, Error::OtherVersion { found, .. } if found == "9.6"),
        "{error}"
    );
}
