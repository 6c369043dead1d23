use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::User;
use secrecy::{ExposeSecret, SecretString};

use super::{cluster, home};
use crate::watchdog::{Program, Watchdog};
use crate::{Error, find, lock, port};

/// Replaying the log after a crash takes a while; otherwise it is a tenth of a second.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// How to run PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Where its cluster and the password of its superuser are kept; made if missing.
    pub data_directory: PathBuf,
    /// The loopback port; `None` takes a free one.
    pub port: Option<u16>,
    /// Where its output is appended.
    pub log: PathBuf,
}

/// A PostgreSQL server that runs as our child: it ends when this value is dropped, and when this process dies in whatever
/// way. It listens on 127.0.0.1 alone and wants a password (SCRAM) of everyone.
pub struct Postgres {
    options: PostgresOptions,
    user: Option<User>,
    port: u16,
    password: SecretString,
    watchdog: Watchdog,
}

impl Postgres {
    /// Finds PostgreSQL, makes a cluster if there is none, starts the server and waits until it accepts clients. As root it
    /// runs as `postgres` or `nobody`.
    ///
    /// # Errors
    /// When PostgreSQL is missing or too old, the port is taken, the data directory is in use or of another version, or the
    /// server ends or hangs while starting; the error carries the end of its log.
    pub async fn start(options: PostgresOptions) -> Result<Self, Error> {
        let user = home::user()?;
        loop {
            let port = port::choose(options.port)?;
            match launch(&options, user.as_ref(), port).await {
                Ok((watchdog, password)) => {
                    tracing::info!(port, pid = watchdog.pid(), "Started PostgreSQL on 127.0.0.1:{port}");
                    return Ok(Self {
                        options,
                        user,
                        port,
                        password,
                        watchdog,
                    });
                }
                Err(error) if port::was_snatched(options.port, port, &error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// `postgres://infragpt:<password>@127.0.0.1:<port>/postgres`: the superuser, in the database that every server has.
    pub fn url(&self) -> SecretString {
        self.url_of("postgres")
    }

    /// The superuser's URL of another database, which the caller creates. `database` is a plain name (`[A-Za-z0-9_]+`).
    pub fn url_of(&self, database: &str) -> SecretString {
        let password = self.password.expose_secret();
        SecretString::from(format!(
            "postgres://{}:{password}@127.0.0.1:{}/{database}",
            cluster::SUPERUSER,
            self.port
        ))
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server's first process.
    pub fn pid(&self) -> u32 {
        self.watchdog.pid()
    }

    /// Waits until the server has ended, for whatever reason.
    ///
    /// # Errors
    /// When the operating system refuses to tell.
    pub async fn ended(&mut self) -> Result<ExitStatus, Error> {
        self.watchdog.ended().await
    }

    /// Stops the server: connections are closed, the disk is written ("fast", SIGINT). It is killed when that takes longer
    /// than ten seconds. Stopping a stopped one does nothing.
    ///
    /// # Errors
    /// When the server can't be signalled or doesn't end.
    pub async fn stop(&mut self) -> Result<(), Error> {
        self.watchdog.stop().await
    }

    /// Kills the server without warning (SIGKILL), as a crash would.
    ///
    /// # Errors
    /// When the server can't be signalled or doesn't end.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.watchdog.kill().await
    }

    /// Stops the server if it runs, and starts it again on the same port and data.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.stop().await?;
        port::choose(Some(self.port))?;
        (self.watchdog, self.password) = launch(&self.options, self.user.as_ref(), self.port).await?;
        tracing::info!(
            port = self.port,
            pid = self.pid(),
            "Restarted PostgreSQL on 127.0.0.1:{}",
            self.port
        );
        Ok(())
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Postgres")
            .field("port", &self.port)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

async fn launch(options: &PostgresOptions, user: Option<&User>, port: u16) -> Result<(Watchdog, SecretString), Error> {
    let binaries = find::postgres()?;
    let home = home::create(&options.data_directory, user)?;
    // Two starters must not make the cluster at once; the server's own lock begins later.
    let _starting = lock::take(&home.join("starting.lock")).await?;
    let cluster = cluster::open(&home, &binaries, user, &options.log).await?;
    let mut command: Vec<OsString> = vec![
        binaries.join("postgres").into(),
        "-D".into(),
        cluster.data.clone().into(),
    ];
    let settings = [
        "listen_addresses=127.0.0.1",
        // Unix sockets would need a directory that everyone shares.
        "unix_socket_directories=",
        "logging_collector=off",
        "log_destination=stderr",
    ];
    for setting in settings
        .into_iter()
        .map(OsString::from)
        .chain([format!("port={port}").into()])
    {
        command.extend(["-c".into(), setting]);
    }
    let mut watchdog = Watchdog::spawn(Program {
        name: "postgres",
        command,
        environment: Vec::new(),
        stop: Signal::SIGINT,
        directory: Some(home.clone()),
        user: user.map(|user| (user.uid.as_raw(), user.gid.as_raw())),
        log: options.log.clone(),
        lock: home.join("infragpt.lock"),
    })
    .await?;
    watchdog
        .until_ready(READY_WITHIN, async |watchdog| {
            until_ready(watchdog, &cluster.data).await
        })
        .await?;
    Ok((watchdog, cluster.password))
}

/// The server tells its state in the eighth line of `postmaster.pid`, which is what `pg_ctl -w` reads too
/// (`LOCK_FILE_LINE_PM_STATUS` in PostgreSQL's `src/include/utils/pidfile.h`).
async fn until_ready(watchdog: &mut Watchdog, data: &Path) -> Result<(), Error> {
    loop {
        let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        let mut lines = state.lines().map(str::trim);
        if lines.next() == Some(watchdog.pid().to_string().as_str()) && lines.nth(6) == Some("ready") {
            return Ok(());
        }
        watchdog.check_running().await?;
    }
}
