//! Starts, kills and restarts the real servers.

mod nats;
mod parent;
mod postgres;

use std::path::Path;
use std::time::Duration;

/// Whether a process exists and has not ended (a zombie has).
fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}

/// Waits for a condition, and fails the test when it does not come true.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..1500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never became true: {what}");
}

/// A configuration as small as can be, which reads what the crate promises to set.
fn nats_options(directory: &Path) -> infragpt_local::NatsOptions {
    let configuration = directory.join("server.conf");
    let text = r"
        host: $INFRAGPT_NATS_HOST
        port: $INFRAGPT_NATS_PORT
        jetstream {
            store_dir: $INFRAGPT_NATS_STORE
            sync_interval: always
        }
        authorization {
            users: [{ user: tester, password: $INFRAGPT_NATS_PASSWORD_TESTER }]
        }
    ";
    std::fs::write(&configuration, text).unwrap();
    infragpt_local::NatsOptions {
        binary: infragpt_local::find::nats_server().unwrap(),
        configuration,
        environment: [("INFRAGPT_NATS_PASSWORD_TESTER".to_owned(), "p0000".into())].into(),
        store_directory: directory.join("nats"),
        port: None,
        log: directory.join("log/nats.log"),
    }
}

fn postgres_options(directory: &Path) -> infragpt_local::PostgresOptions {
    infragpt_local::PostgresOptions {
        data_directory: directory.join("postgres"),
        port: None,
        log: directory.join("log/postgres.log"),
    }
}
