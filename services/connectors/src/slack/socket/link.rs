//! One WebSocket to Slack, on a thread and a runtime of its own.
//!
//! slack-morphism's tasks outlive its own shutdown: one that waits to try again wakes up later and connects once more. Dropping the
//! runtime ends all of them at once, which makes a link something that can be abandoned.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use infragpt_nats::FactPublisher;
use secrecy::ExposeSecret;
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientSocketModeConfig, SlackSocketModeClientListener,
    SlackSocketModeWssClientId, clients_manager::SlackSocketModeClientsManagerFactory,
    hyper_tokio::SlackClientHyperConnector, listener::SlackClientEventsListenerEnvironment,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    Settings,
    frame::{self, Disconnect, Frame},
};

/// Slack counts three seconds until it delivers again.
const PUBLISH_LIMIT: Duration = Duration::from_secs(2);

/// What is being stored when a link closes may end, and be acknowledged.
const LAST_FACTS: Duration = Duration::from_secs(3);

/// What the close frame gets to leave.
const FAREWELL: Duration = Duration::from_millis(100);

pub(super) type Connector = HttpsConnector<HttpConnector>;

/// A connector for both schemes; certificates are loaded only where the address needs them.
pub(super) fn connector(api_url: &str) -> io::Result<Connector> {
    let builder = HttpsConnectorBuilder::new();
    let builder = if api_url.starts_with("https:") {
        builder.with_native_roots()?
    } else {
        let nothing_trusted = rustls::RootCertStore::empty();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(nothing_trusted)
            .with_no_client_auth();
        builder.with_tls_config(tls)
    };
    Ok(builder.https_or_http().enable_http1().build())
}

/// What a link tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Slack said hello: facts may come.
    Ready,
    /// Slack said that it ends the connection.
    Disconnect(Disconnect),
    /// The connection is gone.
    Closed,
}

/// A connection being opened, standing, or gone.
pub(super) struct Link {
    signals: mpsc::UnboundedReceiver<Signal>,
    stop: CancellationToken,
    ended: CancellationToken,
    opened: Instant,
}

impl Link {
    /// Starts to connect; [`Signal::Ready`] follows. `retry_seconds` is how often slack-morphism tries again by itself.
    pub fn open(index: u8, settings: &Settings, retry_seconds: u64) -> io::Result<Self> {
        let (sender, signals) = mpsc::unbounded_channel();
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let listener = Arc::new(Listener {
            publisher: settings.publisher.clone(),
            signals: sender,
            in_flight: AtomicUsize::new(0),
        });
        let http = settings.connector.clone();
        let api_url = settings.api_url.clone();
        let token = SlackApiToken::new(SlackApiTokenValue(settings.app_token.expose_secret().to_owned()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stopping, ending) = (stop.clone(), ended.clone().drop_guard());
        std::thread::Builder::new()
            .name(format!("slack-socket-{index}"))
            .spawn(move || {
                let _ending = ending;
                runtime.block_on(drive(http, &api_url, token, retry_seconds, listener, stopping));
                runtime.shutdown_background();
            })?;
        Ok(Self {
            signals,
            stop,
            ended,
            opened: Instant::now(),
        })
    }

    /// What happens next. After the end it is always [`Signal::Closed`].
    pub async fn next(&mut self) -> Signal {
        self.signals.recv().await.unwrap_or(Signal::Closed)
    }

    /// How long ago it was opened.
    pub fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Acknowledges what is being stored, closes, and returns when nothing of it is left.
    pub async fn close(self) {
        self.stop.cancel();
        self.ended.cancelled().await;
    }

    /// Closes without waiting.
    pub fn abandon(self) {
        self.stop.cancel();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn drive(
    http: Connector,
    api_url: &str,
    token: SlackApiToken,
    retry_seconds: u64,
    listener: Arc<Listener>,
    stop: CancellationToken,
) {
    let connector = SlackClientHyperConnector::with_connector(http).with_slack_api_url(api_url);
    let client = Arc::new(SlackClient::new(connector.clone()));
    let environment = Arc::new(SlackClientEventsListenerEnvironment::new(client));
    let manager = connector.new_clients_manager(environment);
    let configuration = SlackClientSocketModeConfig::new()
        .with_max_connections_count(1)
        .with_initial_backoff_in_seconds(0)
        .with_reconnect_timeout_in_seconds(retry_seconds.max(1));
    if let Err(error) = manager
        .register_new_token(&configuration, token, listener.clone())
        .await
    {
        warn!(%error, "slack-morphism didn't take the connection");
        return;
    }
    manager.start().await;
    stop.cancelled().await;
    let patience = Instant::now();
    while listener.in_flight.load(Ordering::Acquire) > 0 && patience.elapsed() < LAST_FACTS {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // The reader hands an acknowledgement over right after the listener returned: let it.
    tokio::task::yield_now().await;
    manager.shutdown().await;
    tokio::time::sleep(FAREWELL).await;
}

struct Listener {
    publisher: FactPublisher,
    signals: mpsc::UnboundedSender<Signal>,
    in_flight: AtomicUsize,
}

impl Listener {
    fn signal(&self, signal: Signal) {
        // Nobody listens to a link that was abandoned.
        let _ = self.signals.send(signal);
    }

    async fn receive(&self, text: &str) -> Option<String> {
        match frame::read(text) {
            Frame::Hello => self.signal(Signal::Ready),
            Frame::Disconnect(reason) => self.signal(Signal::Disconnect(reason)),
            Frame::Unreadable(problem) => warn!(problem, "Slack sent a frame that can't be read or acknowledged"),
            Frame::Envelope { id, fact: None } => return Some(frame::acknowledgement(&id)),
            Frame::Envelope { id, fact: Some(fact) } => {
                let subject = fact.subject.clone();
                match fact.store(&self.publisher, PUBLISH_LIMIT).await {
                    Ok(_) => return Some(frame::acknowledgement(&id)),
                    Err(error) => {
                        warn!(
                            %subject, envelope.id = id, error = &error as &dyn std::error::Error,
                            "Didn't store a fact from Slack: its envelope isn't acknowledged"
                        );
                    }
                }
            }
        }
        None
    }
}

#[async_trait]
impl SlackSocketModeClientListener for Listener {
    async fn on_message(&self, _: &SlackSocketModeWssClientId, message_body: String) -> Option<String> {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let reply = self.receive(&message_body).await;
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        reply
    }

    async fn on_error(&self, error: Box<dyn std::error::Error + Send + Sync>) {
        debug!(%error, "slack-morphism reported an error");
    }

    async fn on_disconnect(&self, _: &SlackSocketModeWssClientId) {
        self.signal(Signal::Closed);
    }
}
