use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use crate::watchdog::{Program, Watchdog};
use crate::{Error, directory, port};

/// Recovering a large store takes a while; an empty one takes some milliseconds.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// How to run nats-server.
#[derive(Clone, Debug)]
pub struct NatsOptions {
    /// The program, see [`find::nats_server`](crate::find::nats_server).
    pub binary: PathBuf,
    /// Its configuration file, which reads `$INFRAGPT_NATS_HOST`, `$INFRAGPT_NATS_PORT` and `$INFRAGPT_NATS_STORE`.
    pub configuration: PathBuf,
    /// Further variables that the configuration reads, such as passwords. The server takes a value that looks like a
    /// number for a number: begin a password with a letter.
    pub environment: BTreeMap<String, SecretString>,
    /// Where JetStream keeps its streams; created if missing.
    pub store_directory: PathBuf,
    /// The loopback port; `None` takes a free one.
    pub port: Option<u16>,
    /// Where its output is appended.
    pub log: PathBuf,
}

/// A nats-server that runs as our child: it ends when this value is dropped, and when this process dies in whatever way.
pub struct NatsServer {
    options: NatsOptions,
    port: u16,
    watchdog: Watchdog,
}

impl NatsServer {
    /// Starts the server and waits until it accepts clients, JetStream included.
    ///
    /// # Errors
    /// When the port is taken, the store is in use by another server, or the server ends or hangs while starting; the
    /// error carries the end of its log.
    pub async fn start(options: NatsOptions) -> Result<Self, Error> {
        loop {
            let port = port::choose(options.port)?;
            match launch(&options, port).await {
                Ok(watchdog) => {
                    tracing::info!(port, pid = watchdog.pid(), "Started nats-server on 127.0.0.1:{port}");
                    return Ok(Self {
                        options,
                        port,
                        watchdog,
                    });
                }
                Err(error) if port::was_snatched(options.port, port, &error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts the server that is [found](crate::find::nats_server) with this text as its configuration, everything of it in
    /// `directory`: `server.conf`, the store `nats`, and `nats.log`.
    ///
    /// # Errors
    /// When the configuration can't be written, and as [`NatsServer::start`].
    pub async fn start_in(
        directory: &Path,
        configuration: &str,
        environment: BTreeMap<String, SecretString>,
    ) -> Result<Self, Error> {
        let file = directory.join("server.conf");
        std::fs::write(&file, configuration).map_err(Error::io(format!("write {}", file.display())))?;
        Self::start(NatsOptions {
            binary: crate::find::nats_server()?,
            configuration: file,
            environment,
            store_directory: directory.join("nats"),
            port: None,
            log: directory.join("nats.log"),
        })
        .await
    }

    /// `nats://127.0.0.1:<port>`, without a user: which one, is the client's decision.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's process id.
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

    /// Stops the server in order (SIGTERM), or kills it when that takes longer than ten seconds. Stopping a stopped one
    /// does nothing.
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

    /// Stops the server if it runs, and starts it again on the same port and store.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.stop().await?;
        port::choose(Some(self.port))?;
        self.watchdog = launch(&self.options, self.port).await?;
        tracing::info!(
            port = self.port,
            pid = self.pid(),
            "Restarted nats-server on 127.0.0.1:{}",
            self.port
        );
        Ok(())
    }
}

impl fmt::Debug for NatsServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NatsServer")
            .field("port", &self.port)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

async fn launch(options: &NatsOptions, port: u16) -> Result<Watchdog, Error> {
    let store = directory::create(&options.store_directory)?;
    let own = [
        ("INFRAGPT_NATS_HOST".to_owned(), "127.0.0.1".to_owned()),
        ("INFRAGPT_NATS_PORT".to_owned(), port.to_string()),
        ("INFRAGPT_NATS_STORE".to_owned(), store.display().to_string()),
    ];
    let given = options
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    let mut watchdog = Watchdog::spawn(Program {
        name: "nats-server",
        command: vec![
            options.binary.clone().into(),
            "-c".into(),
            options.configuration.clone().into(),
        ],
        environment: given.chain(own).collect(),
        stop: Signal::SIGTERM,
        directory: None,
        user: None,
        log: options.log.clone(),
        lock: store.join("infragpt.lock"),
    })
    .await?;
    watchdog
        .until_ready(READY_WITHIN, async |watchdog| until_greeted(watchdog, port).await)
        .await?;
    Ok(watchdog)
}

/// The server opens its port last, after JetStream has recovered, and greets every client with `INFO {…}`
/// (<https://docs.nats.io/reference/reference-protocols/nats-protocol#info>).
async fn until_greeted(watchdog: &mut Watchdog, port: u16) -> Result<(), Error> {
    loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
            let mut greeting = String::new();
            let read = BufReader::new(stream).read_line(&mut greeting).await;
            if read.is_ok() && greeting.starts_with("INFO ") {
                return Ok(());
            }
        }
        watchdog.check_running().await?;
    }
}
