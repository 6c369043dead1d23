use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a local server could not be found, started or stopped. Every text is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable program was found; the text says where was looked and why each candidate was refused.
    #[error(
        "no usable {program} found ({refused}); {least} or newer is needed: run scripts/install-servers.sh, or {remedy}"
    )]
    NotFound {
        /// `nats-server` or `postgres`.
        program: &'static str,
        /// The least version.
        least: &'static str,
        /// Every candidate and what was wrong with it.
        refused: String,
        /// What else the person can do.
        remedy: &'static str,
    },
    /// The wanted port is in use by something else.
    #[error("port {port} on 127.0.0.1 is in use already: stop what listens there, or choose another port")]
    PortTaken {
        /// The wanted port.
        port: u16,
    },
    /// Another server is running on the same directory.
    #[error("{directory} is in use by process {pid}: stop it, or choose another directory")]
    InUse {
        /// The server's data directory.
        directory: PathBuf,
        /// The process that uses it.
        pid: String,
    },
    /// The server ended while it was being started.
    #[error("{program} ended while starting ({status}); the end of {log}:\n{tail}", log = log.display())]
    Ended {
        /// `nats-server`, `postgres` or `initdb`.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Where its output is.
        log: PathBuf,
        /// The last lines of its output.
        tail: String,
    },
    /// The server runs, but did not become ready in time.
    #[error("{program} was not ready after {}s; the end of {log}:\n{tail}", after.as_secs(), log = log.display())]
    NotReady {
        /// `nats-server` or `postgres`.
        program: &'static str,
        /// How long was waited.
        after: Duration,
        /// Where its output is.
        log: PathBuf,
        /// The last lines of its output.
        tail: String,
    },
    /// The server did not go away after SIGKILL.
    #[error("process {pid} ({program}) did not end")]
    NotStopped {
        /// `nats-server` or `postgres`.
        program: &'static str,
        /// The process.
        pid: u32,
    },
    /// PostgreSQL refuses to run as root, and this machine has no other user to run it as.
    #[error("PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`")]
    NoUser,
    /// The data directory belongs to another major version of PostgreSQL.
    #[error(
        "{directory} was made by PostgreSQL {found}, but the one here is {installed}: move the directory away (what it holds can be rebuilt from the log)"
    )]
    OtherVersion {
        /// The data directory.
        directory: PathBuf,
        /// The major version that made it.
        found: String,
        /// The major version that was to be started.
        installed: String,
    },
    /// A file or process operation failed.
    #[error("could not {action}")]
    Io {
        /// What was attempted, with the path.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Wraps the system's answer with what was attempted.
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
