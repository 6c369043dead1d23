//! The roles as a child process: the same `infragpt serve` as in production, so that it can be killed like there.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, ChildStdin, Command};

/// How long a process may take to be ready, on a machine that is busy with other things.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How long it may take to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

/// A running `infragpt serve`.
#[derive(Debug)]
pub struct Roles {
    child: Child,
    /// The child ends when this closes, also when this process is killed.
    _lifeline: Option<ChildStdin>,
    ready_url: Option<String>,
    log: PathBuf,
}

impl Roles {
    /// Starts `binary serve` with `roles` (all, when empty), configured by `environment` alone, and waits until it is
    /// ready.
    ///
    /// # Errors
    /// When it ends or is not ready in time, with the end of its log.
    pub async fn start(
        binary: &Path,
        roles: &[&str],
        environment: &BTreeMap<String, String>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("{} can't be written", log.display()))?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--until-stdin-closes");
        for role in roles {
            command.args(["--role", role]);
        }
        command
            .env_clear()
            .envs(
                ["PATH", "RUST_BACKTRACE", "LANG"]
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var(name).ok()?))),
            )
            .envs(environment)
            .current_dir(log.parent().unwrap_or(Path::new(".")))
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("the log can't be shared")?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("{} can't be started", binary.display()))?;
        let lifeline = child.stdin.take();
        let serves_http = roles.is_empty() || roles.contains(&"api");
        let ready_url = environment
            .get("INFRAGPT_HTTP_LISTEN")
            .filter(|_| serves_http)
            .map(|listen| format!("http://{listen}/readyz"));
        let mut started = Self {
            child,
            _lifeline: lifeline,
            ready_url,
            log: log.to_owned(),
        };
        started.wait_until_ready().await?;
        Ok(started)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let Some(url) = self.ready_url.clone() else {
            return Ok(());
        };
        let client = reqwest::Client::new();
        let deadline = tokio::time::Instant::now() + READY_WITHIN;
        let mut last = String::new();
        while tokio::time::Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("`infragpt serve` ended with {status}\n{}", self.log_end());
            }
            match client.get(&url).timeout(Duration::from_secs(2)).send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => last = response.text().await.unwrap_or_default(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("`infragpt serve` was not ready in time: {last}\n{}", self.log_end())
    }

    fn log_end(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// The process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the process ends by itself.
    ///
    /// # Errors
    /// When the operating system refuses to tell.
    pub async fn ended(&mut self) -> anyhow::Result<std::process::ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it can't be killed.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("`infragpt serve` can't be killed")
    }

    /// SIGTERM, and waits until it has stopped in order.
    ///
    /// # Errors
    /// When it does not stop in time, or with another exit code than 0.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            kill(Pid::from_raw(pid), Signal::SIGTERM).context("`infragpt serve` can't be signalled")?;
        }
        match tokio::time::timeout(STOPPED_WITHIN, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => bail!("`infragpt serve` stopped with {status}\n{}", self.log_end()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                self.child.kill().await.ok();
                bail!("`infragpt serve` did not stop within {} s", STOPPED_WITHIN.as_secs())
            }
        }
    }
}
