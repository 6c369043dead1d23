//! Installations and servers for tests.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
};

use infragpt::{
    configuration::NatsUser,
    environment::{Installation, Observer, Options},
};
use infragpt_local::NatsServer;
use infragpt_nats::{Connection, ConnectionConfiguration, Definitions, definition::SERVER_CONFIGURATION};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::secrets::files_with_tokens;

/// A whole installation, connected for `acme`.
pub struct App {
    observer: Observer,
    directory: TempDir,
}

impl App {
    /// Servers, sandbox and all roles.
    pub async fn start() -> Self {
        let mut app = Self::start_without_roles(|_| {}).await;
        app.installation.start_roles().await.unwrap();
        app.connect_acme().await;
        app
    }

    /// As [`start`](Self::start), with variables for the roles.
    pub async fn start_with(environment: &[(&str, &str)]) -> Self {
        let mut app = Self::start_without_roles(|options| {
            let environment = environment.iter();
            options
                .environment
                .extend(environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        })
        .await;
        app.installation.start_roles().await.unwrap();
        app.connect_acme().await;
        app
    }

    /// Servers and sandbox only, with options changed by `adjust`.
    pub async fn start_without_roles(adjust: impl FnOnce(&mut Options)) -> Self {
        install_crypto();
        let directory = tempfile::Builder::new().prefix("infragpt-it-").tempdir().unwrap();
        let mut options = Options::new(directory.path().to_owned()).unwrap();
        options.binary = PathBuf::from(env!("CARGO_BIN_EXE_infragpt"));
        adjust(&mut options);
        let installation = Box::pin(Installation::start(options)).await.unwrap();
        Self {
            observer: Observer::new(installation).await.unwrap(),
            directory,
        }
    }

    /// Connects Slack and GitHub, as an operator does, and takes the events of it.
    pub async fn connect_acme(&mut self) {
        for arguments in [
            &[
                "integrations",
                "connect",
                "slack",
                "--organization",
                "acme",
                "--as-operator",
            ][..],
            &[
                "integrations",
                "connect",
                "github",
                "--organization",
                "acme",
                "--account",
                "4242",
                "--as-operator",
            ],
        ] {
            self.installation.infragpt(arguments).await.unwrap();
        }
        self.take("EVENTS", 6).await.unwrap();
    }

    /// GitHub delivers a webhook; the HTTP status comes back.
    pub async fn webhook(&self, event: &str, more: Value) -> u16 {
        let mut request = json!({ "url": self.github_url(), "event": event });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        self.control.github_webhook(&request).await.unwrap().status
    }

    /// Where the installation keeps its data.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Proves that nothing is pending and that no token is in a stream or a log, and stops everything in order.
    pub async fn finish(self) {
        self.observer.settled().await.unwrap();
        self.observer.end().await.stop().await.unwrap();
        let found = files_with_tokens(self.directory.path(), &["postgres"], false);
        assert_eq!(found, Vec::<String>::new());
    }
}

impl Deref for App {
    type Target = Observer;

    fn deref(&self) -> &Observer {
        &self.observer
    }
}

impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Observer {
        &mut self.observer
    }
}

/// A nats-server with our configuration, streams and consumers, and nothing else.
pub struct Nats {
    pub server: NatsServer,
    _directory: TempDir,
}

impl Nats {
    pub async fn start() -> Self {
        let nats = Self::start_empty().await;
        let admin = nats.connect(NatsUser::Admin).await;
        Definitions::embedded(1).unwrap().apply(&admin).await.unwrap();
        nats
    }

    /// Without streams.
    pub async fn start_empty() -> Self {
        install_crypto();
        let directory = tempfile::Builder::new().prefix("infragpt-it-").tempdir().unwrap();
        let environment: BTreeMap<_, _> = NatsUser::ALL
            .into_iter()
            .map(|user| (user.password_variable(), password(user).into()))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment).await;
        Self {
            server: server.unwrap(),
            _directory: directory,
        }
    }

    pub async fn connect(&self, user: NatsUser) -> Connection {
        Connection::connect(&ConnectionConfiguration {
            url: self.server.url(),
            user: user.as_str().to_owned(),
            password: password(user).into(),
            name: "test".to_owned(),
        })
        .await
        .unwrap()
    }
}

pub fn password(user: NatsUser) -> String {
    format!("password-of-{}", user.as_str())
}

pub fn install_crypto() {
    // Tests of one process share it; only the first call counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The state that an address sends somebody away with.
pub fn state_of(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned()
}

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while tokio::time::Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("waited for {what} in vain");
}
