use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::User;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};

use super::home;
use crate::watchdog::{self, Program, Watchdog};
use crate::{Error, directory, find, lock};

/// The superuser of the cluster, and the only one.
pub(super) const SUPERUSER: &str = "infragpt";

/// How long the processes of a server that was killed may linger.
const LINGER: Duration = Duration::from_secs(10);

/// A database cluster on disk, with the password of its superuser beside it.
pub(super) struct Cluster {
    /// `<home>/cluster`, PostgreSQL's data directory.
    pub(super) data: PathBuf,
    pub(super) password: SecretString,
}

/// Opens the cluster in `home`, making it first if there is none, and clears away what a killed server left.
pub(super) async fn open(home: &Path, binaries: &Path, user: Option<&User>, log: &Path) -> Result<Cluster, Error> {
    let data = home.join("cluster");
    let password = home.join("password");
    if data.join("PG_VERSION").is_file() {
        check_version(&data, binaries)?;
        // Waits for a server whose parent was killed; refuses when someone is using it.
        drop(lock::take(&home.join("infragpt.lock")).await?);
        clear_remains(&data).await?;
    } else {
        initialize(home, &data, &password, binaries, user, log).await?;
    }
    let password = fs::read_to_string(&password).map_err(Error::io(format!("read {}", password.display())))?;
    Ok(Cluster {
        data,
        password: SecretString::from(password.trim_end()),
    })
}

/// Made under another name and renamed at the end, so that an interrupted initdb is not taken for a cluster.
async fn initialize(
    home: &Path,
    data: &Path,
    password: &Path,
    binaries: &Path,
    user: Option<&User>,
    log: &Path,
) -> Result<(), Error> {
    let unfinished = home.join("cluster.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(Error::io(format!("remove {}", unfinished.display())))?;
    }
    write_password(password, user)?;
    let mut command = vec![
        binaries.join("initdb").into(),
        "--pgdata".into(),
        unfinished.clone().into(),
    ];
    command.extend([
        "--username".into(),
        SUPERUSER.into(),
        "--pwfile".into(),
        password.to_owned().into(),
    ]);
    // No sync: whoever pulls the plug in this second starts again with an empty directory.
    command.extend(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"].map(Into::into));
    let mut initdb = Watchdog::spawn(Program {
        name: "initdb",
        command,
        environment: Vec::new(),
        stop: Signal::SIGTERM,
        directory: Some(home.to_owned()),
        user: user.map(|user| (user.uid.as_raw(), user.gid.as_raw())),
        log: log.to_owned(),
        lock: home.join("infragpt.lock"),
    })
    .await?;
    let status = initdb.ended().await?;
    if !status.success() {
        return Err(Error::Ended {
            program: "initdb",
            status,
            log: log.to_owned(),
            tail: watchdog::tail(log),
        });
    }
    fs::rename(&unfinished, data).map_err(Error::io(format!("rename {}", unfinished.display())))
}

fn write_password(path: &Path, user: Option<&User>) -> Result<(), Error> {
    let mut bytes = [0; 24];
    // The operating system's random numbers fail on no system that this crate runs on.
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::io("draw a password")(std::io::Error::other("no random numbers")))?;
    let password = SecretString::from(hex::encode(bytes));
    let write = || {
        if path.exists() {
            fs::remove_file(path)?;
        }
        let mut file: File = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{}", password.expose_secret())
    };
    write().map_err(Error::io(format!("write {}", path.display())))?;
    user.map_or(Ok(()), |user| home::give(path, user))
}

fn check_version(data: &Path, binaries: &Path) -> Result<(), Error> {
    let path = data.join("PG_VERSION");
    let found = fs::read_to_string(&path)
        .map_err(Error::io(format!("read {}", path.display())))?
        .trim()
        .to_owned();
    let installed = find::postgres_major(&binaries.join("postgres"))
        .map_err(|reason| Error::io("start postgres")(std::io::Error::other(reason)))?
        .to_string();
    if found == installed {
        Ok(())
    } else {
        Err(Error::OtherVersion {
            directory: data.to_owned(),
            found,
            installed,
        })
    }
}

/// A killed server leaves processes that end by themselves, and a `postmaster.pid` whose number may be another program's by
/// now, which PostgreSQL would take for a running server.
async fn clear_remains(data: &Path) -> Result<(), Error> {
    let deadline = Instant::now() + LINGER;
    while let Some(pid) = directory::processes_in(data).first() {
        if Instant::now() >= deadline {
            return Err(Error::InUse {
                directory: data.to_owned(),
                pid: pid.to_string(),
            });
        }
        sleep(Duration::from_millis(20)).await;
    }
    let stale = data.join("postmaster.pid");
    if stale.exists() && Path::new("/proc/self").exists() {
        tracing::info!("Removed {}: the server that wrote it is gone", stale.display());
        fs::remove_file(&stale).map_err(Error::io(format!("remove {}", stale.display())))?;
    }
    Ok(())
}
