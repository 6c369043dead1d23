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
    clerk::{self, Announced, Clerk, SessionError},
    client,
    configuration::Configuration,
    control, github, signature,
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
    /// The secret with which Clerk's webhooks are signed cannot sign any.
    #[error("clerk.webhook_secret is not `whsec_` and Base64")]
    WebhookSecret,
    /// The keys in this crate that sign session tokens are damaged.
    #[error("the signing keys of the sandbox's Clerk cannot be read")]
    SigningKeys,
    /// The HTTP client for deliveries could not be built.
    #[error("cannot build the HTTP client for deliveries")]
    Client(#[source] reqwest::Error),
}

/// A running simulator of Slack, GitHub and Clerk on one port.
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
        signature::svix(&configuration.clerk.webhook_secret, "", "", b"").ok_or(Error::WebhookSecret)?;
        let clerk = Clerk::new(&configuration.clerk).ok_or(Error::SigningKeys)?;
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
        let world = Arc::new(World::new(
            configuration,
            format!("http://{reached}"),
            messages,
            clerk,
            http,
        ));
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

    /// The issuer of Clerk's session tokens, whose keys are below it at `/.well-known/jwks.json`; without a trailing slash.
    pub fn clerk_issuer(&self) -> String {
        clerk::issuer(&self.world)
    }

    /// The page on which people sign in; `redirect_url` says where it leads.
    pub fn clerk_sign_in_url(&self) -> String {
        format!("{}/sign-in", clerk::issuer(&self.world))
    }

    /// A session token (version 2) for a person, and the organization that they act for. The authorized party is the first
    /// configured origin. Fractions of a second of `lifetime` do not count, and with none it has expired.
    ///
    /// # Errors
    ///
    /// [`SessionError`] if nobody has the id, or the person does not belong to the organization.
    pub fn session_token(
        &self,
        user: &str,
        organization: Option<&str>,
        lifetime: Duration,
    ) -> Result<String, SessionError> {
        clerk::session_token(&self.world, user, organization, lifetime)
    }

    /// Tells the app of everybody and everything that exists in Clerk, as if it had just been made; nothing if there is no
    /// webhook URL. What is configured is told in the same words each time.
    pub async fn clerk_announce(&self) -> Announced {
        clerk::announce_everything(&self.world, &clerk::To::Usual).await
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
        .merge(client::routes())
        .nest("/slack", slack::routes())
        .nest("/github", github::routes())
        .nest("/github.com", github::web_routes())
        .nest("/clerk", clerk::routes())
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
