use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::lock::{self, Holder};

const SCRIPT: &str = include_str!("watchdog.sh");

/// How long a server may take to stop before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// What to run and how to end it.
pub(crate) struct Program {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// The server's command line.
    pub(crate) command: Vec<OsString>,
    /// Its whole environment besides `PATH` and the language: the parent's secrets are none of its business.
    pub(crate) environment: Vec<(String, String)>,
    /// The signal that asks it to stop now and in order.
    pub(crate) stop: Signal,
    /// Its working directory, if not ours.
    pub(crate) directory: Option<PathBuf>,
    /// User and group to run as, if not our own.
    pub(crate) user: Option<(u32, u32)>,
    /// Where its output goes, appended.
    pub(crate) log: PathBuf,
    /// The lock file of its directory.
    pub(crate) lock: PathBuf,
}

/// A running server under its watchdog shell ([`watchdog.sh`](SCRIPT)).
pub(crate) struct Watchdog {
    name: &'static str,
    stop: Signal,
    log: PathBuf,
    child: Child,
    pid: u32,
    /// The parent's end of the pipe: closing it, as the end of this process does too, ends the server.
    _lifeline: Option<ChildStdin>,
}

impl Watchdog {
    /// Starts the program in its own process group, so that Ctrl-C in a terminal reaches the parent alone.
    pub(crate) async fn spawn(program: Program) -> Result<Self, Error> {
        let lock = lock::take(&program.lock).await?;
        let log = open_log(&program.log)?;
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                SCRIPT,
                "watchdog",
                program.stop.as_str().trim_start_matches("SIG"),
            ])
            .arg(GRACE.as_secs().to_string())
            .args(&program.command)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LANG" || name == "TZ"))
            .envs(program.environment)
            .stdin(Stdio::piped())
            .stdout(lock)
            .stderr(log)
            .process_group(0);
        if let Some(directory) = &program.directory {
            command.current_dir(directory);
        }
        if let Some((user, group)) = program.user {
            command.uid(user).gid(group);
        }
        let mut child = command.spawn().map_err(Error::io(format!("start {}", program.name)))?;
        // Our copy of the lock file lives in `command`, and would keep the lock after the server's end.
        drop(command);
        let lifeline = child.stdin.take();
        let mut watchdog = Self {
            name: program.name,
            stop: program.stop,
            log: program.log,
            child,
            pid: 0,
            _lifeline: lifeline,
        };
        while watchdog.pid == 0 {
            match Holder::read(&program.lock) {
                Some(holder) => watchdog.pid = holder.server,
                None => watchdog.check_running().await?,
            }
        }
        Ok(watchdog)
    }

    /// The server's own process id, not the shell's.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits a moment between two looks at a condition.
    ///
    /// # Errors
    /// [`Error::Ended`] when the server is gone and the condition can't come true any more.
    pub(crate) async fn check_running(&mut self) -> Result<(), Error> {
        sleep(Duration::from_millis(2)).await;
        match self
            .child
            .try_wait()
            .map_err(Error::io(format!("look after {}", self.name)))?
        {
            None => Ok(()),
            Some(status) => Err(Error::Ended {
                program: self.name,
                status: servers_own(status),
                log: self.log.clone(),
                tail: tail(&self.log),
            }),
        }
    }

    /// Runs `ready` until it is done; ends the server when it is not ready after `limit`.
    pub(crate) async fn until_ready(
        &mut self,
        limit: Duration,
        ready: impl AsyncFnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Ok(outcome) = timeout(limit, ready(self)).await {
            return outcome;
        }
        let error = Error::NotReady {
            program: self.name,
            after: limit,
            log: self.log.clone(),
            tail: tail(&self.log),
        };
        self.kill().await?;
        Err(error)
    }

    /// Waits for the server's end, whoever brought it about.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus, Error> {
        self.child
            .wait()
            .await
            .map(servers_own)
            .map_err(Error::io(format!("wait for {}", self.name)))
    }

    /// Asks the server to stop, and kills it when it takes longer than [`GRACE`].
    pub(crate) async fn stop(&mut self) -> Result<(), Error> {
        self.signal(self.stop)?;
        if let Ok(ended) = timeout(GRACE, self.ended()).await {
            return ended.map(|_| ());
        }
        tracing::warn!(
            pid = self.pid,
            "{} did not stop within {}s, killing it",
            self.name,
            GRACE.as_secs()
        );
        self.kill().await
    }

    /// Kills the server without warning, as a crash would.
    pub(crate) async fn kill(&mut self) -> Result<(), Error> {
        self.signal(Signal::SIGKILL)?;
        match timeout(GRACE, self.ended()).await {
            Ok(ended) => ended.map(|_| ()),
            Err(_) => Err(Error::NotStopped {
                program: self.name,
                pid: self.pid,
            }),
        }
    }

    /// Signals the server if it is running: an ended one's process id may be someone else's by now.
    fn signal(&mut self, signal: Signal) -> Result<(), Error> {
        let action = || format!("send {signal} to {} ({})", self.name, self.pid);
        if self.child.try_wait().map_err(Error::io(action()))?.is_some() {
            return Ok(());
        }
        match kill(process(self.pid), signal) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
            Err(error) => Err(Error::io(action())(error.into())),
        }
    }
}

fn process(pid: u32) -> Pid {
    // Process ids stop at 2^22 on Linux.
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}

/// A shell reports a child killed by signal n as exit code 128 + n: turn it back.
fn servers_own(status: ExitStatus) -> ExitStatus {
    match status.code() {
        Some(code) if code > 128 => ExitStatus::from_raw(code - 128),
        _ => status,
    }
}

/// Opens a log for appending, readable by its owner alone.
pub(crate) fn open_log(path: &Path) -> Result<File, Error> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io(format!("create {}", parent.display())))?;
    }
    File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io(format!("open {}", path.display())))
}

/// The last lines of a log, for an error text.
pub(crate) fn tail(path: &Path) -> String {
    const LINES: usize = 8;
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_else(|error: io::Error| format!("(unreadable: {error})"));
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
