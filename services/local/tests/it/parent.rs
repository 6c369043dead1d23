use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use infragpt_local::{Error, NatsServer, Postgres};

use crate::{nats_options, postgres_options, runs, until};

const DIRECTORY: &str = "INFRAGPT_LOCAL_TEST_PARENT_DIRECTORY";

/// The test runs itself once more as the parent that gets killed.
#[tokio::test]
async fn servers_end_with_a_parent_that_is_killed_and_their_data_is_used_again() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return be_the_parent(Path::new(&directory)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "parent::servers_end_with_a_parent_that_is_killed_and_their_data_is_used_again",
        ])
        .env(DIRECTORY, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pids: Vec<u32> = lines
        .map_while(Result::ok)
        .find_map(|line| {
            line.split_once("servers: ")
                .map(|(_, pids)| pids.split(' ').map(|pid| pid.parse().unwrap()).collect())
        })
        .unwrap();
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| runs(*pid)));

    let nats = NatsServer::start(nats_options(directory.path())).await.unwrap_err();
    assert!(
        nats.to_string().contains(&format!("in use by process {}", pids[0])),
        "{nats}"
    );
    let postgres = Postgres::start(postgres_options(directory.path())).await.unwrap_err();
    assert!(matches!(postgres, Error::InUse { .. }), "{postgres}");

    parent.kill().unwrap();
    parent.wait().unwrap();
    // At once, while the old ones are being ended: the new ones wait for them.
    let nats = NatsServer::start(nats_options(directory.path())).await.unwrap();
    let postgres = Postgres::start(postgres_options(directory.path())).await.unwrap();
    assert!(pids.iter().all(|pid| !runs(*pid)));

    let (nats_pid, postgres_pid) = (nats.pid(), postgres.pid());
    drop((nats, postgres));
    until("dropped servers end", || !runs(nats_pid) && !runs(postgres_pid)).await;
}

async fn be_the_parent(directory: &Path) {
    let nats = NatsServer::start(nats_options(directory)).await.unwrap();
    let postgres = Postgres::start(postgres_options(directory)).await.unwrap();
    println!("servers: {} {}", nats.pid(), postgres.pid());
    std::future::pending::<()>().await;
}
