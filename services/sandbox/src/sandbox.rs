use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    configuration::Configuration,
    control, github, page,
    slack::{self, Messages},
    world::{Shared, World},
};

/// How long [`Sandbox::stop`] waits for open connections before it drops them.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Enough to ask for a webhook larger than GitHub's limit of 25 MB.
const LARGEST_BODY: usize = 64 << 20;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listening socket could not be opened.
    #[error("cannot listen on {address}")]
    Listen {
        /// The configured address.
        address: std::net::SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The stored messages could not be opened or read.
    #[error("cannot use the sandbox's data directory")]
    Data(#[source] std::io::Error),
    /// The configured GitHub App key is not an RSA key in PEM.
    #[error("github.app_key is not a private RSA key or a PKCS#1 public key in PEM")]
    AppKey,
    /// The HTTP client for deliveries could not be built.
    #[error("cannot build the HTTP client for deliveries")]
    Client(#[source] reqwest::Error),
}

/// A running simulator of Slack and GitHub on one port.
///
/// Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Sandbox {
    world: Shared,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts to listen and serve.
    ///
    /// # Errors
    ///
    /// [`Error`] says which part of the configuration cannot be used.
    pub async fn start(configuration: Configuration) -> Result<Self, Error> {
        // reqwest asks for the process-wide provider even though deliveries go over plain HTTP; someone else may have
        // installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        if let Some(key) = &configuration.github.app_key {
            github::public_key(key).ok_or(Error::AppKey)?;
        }
        let address = configuration.listen;
        let listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let mut reached = listener.local_addr().map_err(listen)?;
        if reached.ip().is_unspecified() {
            reached.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let messages = Messages::open(configuration.data_directory.as_deref()).map_err(Error::Data)?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::Client)?;
        let world = Arc::new(World::new(configuration, format!("http://{reached}"), messages, http));
        let router = router(world.clone());
        let shutdown = world.shutdown.clone();
        // A small frame must not wait for the acknowledgement of the one before it.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(shutdown.cancelled_owned())
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "The sandbox stopped serving");
            }
        });
        tracing::info!(url = world.url, "The sandbox listens on {}", world.url);
        Ok(Self { world, server })
    }

    /// The page, `http://127.0.0.1:port`.
    pub fn url(&self) -> &str {
        &self.world.url
    }

    /// Base of Slack's Web API, without a trailing slash.
    pub fn slack_api_url(&self) -> String {
        format!("{}/slack/api", self.world.url)
    }

    /// Base of GitHub's REST API, without a trailing slash.
    pub fn github_api_url(&self) -> String {
        format!("{}/github", self.world.url)
    }

    /// Base of GitHub's pages, where people install and authorize the App, without a trailing slash.
    pub fn github_web_url(&self) -> String {
        format!("{}/github.com", self.world.url)
    }

    /// Base of the control API, without a trailing slash.
    pub fn control_url(&self) -> String {
        format!("{}/control", self.world.url)
    }

    /// Closes all connections and stops; returns once the port is free.
    pub async fn stop(mut self) {
        self.world.shutdown.cancel();
        self.world.tasks.close();
        let stopped = async {
            let _ = (&mut self.server).await;
            self.world.tasks.wait().await;
        };
        if tokio::time::timeout(STOP_LIMIT, stopped).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.world.shutdown.cancel();
    }
}

fn router(world: Shared) -> Router {
    Router::new()
        .merge(page::routes())
        .nest("/slack", slack::routes())
        .nest("/github", github::routes())
        .nest("/github.com", github::web_routes())
        .nest("/control", control::routes())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(world.clone(), until_stopped))
        .with_state(world)
}

/// Ends requests that wait for something (a faulted response, an acknowledgement) when the sandbox stops.
async fn until_stopped(State(world): State<Shared>, request: Request, next: Next) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        () = world.shutdown.cancelled() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
