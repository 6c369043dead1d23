//! Slack over Socket Mode: the same facts as over HTTP, through connections that we open.
//!
//! slack-morphism opens the WebSockets, answers pings and notices silence. What it leaves to us stands here: its restart closes a
//! connection before it opens the next, it tries again at a fixed pace, and it tells nobody why it can't connect. So every
//! connection is a link of its own, on its own thread, that can be opened beside another one and abandoned without a trace.
//!
//! Source: <https://docs.slack.dev/apis/events-api/using-socket-mode>.

mod backoff;
mod diagnosis;
mod frame;
mod link;

use std::{sync::Arc, time::Duration};

use infragpt_nats::FactPublisher;
use secrecy::SecretString;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::{
    backoff::Backoff,
    diagnosis::diagnose,
    frame::Disconnect,
    link::{Connector, Link, Signal},
};
use super::Configuration;

/// After Slack announced the end of a connection and its successor stands, what still comes over the old one is taken for so long.
const RETIREMENT: Duration = Duration::from_secs(10);

/// A connection that held for so long was a good one: the next failure starts over with the shortest wait.
const GOOD: Duration = Duration::from_mins(1);

/// What ends Socket Mode for good.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no app-level token.
    #[error("slack.app_token is missing: Socket Mode needs an app-level token with connections:write")]
    NoToken,
    /// Somebody turned Socket Mode off: only they can turn it on again.
    #[error(
        "Socket Mode was turned off on the Slack application's page (link_disabled): turn it on, or use the HTTP endpoints"
    )]
    LinkDisabled,
    /// TLS needs something to trust.
    #[error("the certificates of this machine can't be loaded")]
    Certificates(#[source] std::io::Error),
    /// The machine has no room for a thread.
    #[error("a Socket Mode connection can't be started")]
    Thread(#[source] std::io::Error),
}

struct Settings {
    app_token: SecretString,
    api_url: String,
    connector: Connector,
    publisher: FactPublisher,
}

/// Holds the configured number of connections until `shutdown`, and never gives up: an envelope is acknowledged only after
/// JetStream has its fact, and Slack delivers again what isn't.
///
/// # Errors
/// [`Error`] when going on makes no sense without somebody's help.
pub async fn run(
    configuration: Configuration,
    publisher: FactPublisher,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let app_token = configuration.app_token.ok_or(Error::NoToken)?;
    let connector = link::connector(&configuration.api_url).map_err(Error::Certificates)?;
    let settings = Arc::new(Settings {
        app_token,
        api_url: configuration.api_url,
        connector,
        publisher,
    });
    let stop = shutdown.child_token();
    let mut connections = JoinSet::new();
    for index in 0..configuration.socket_connections {
        connections.spawn(hold(index, Arc::clone(&settings), stop.clone()));
    }
    let mut outcome = Ok(());
    while let Some(ended) = connections.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                error!(error = &error as &dyn std::error::Error, "Socket Mode ended");
                outcome = Err(error);
                stop.cancel();
            }
            Err(panic) => {
                error!(error = %panic, "A Socket Mode connection panicked, it is opened again");
                connections.spawn(hold(0, Arc::clone(&settings), stop.clone()));
            }
        }
    }
    outcome
}

/// Keeps one connection standing.
async fn hold(index: u8, settings: Arc<Settings>, stop: CancellationToken) -> Result<(), Error> {
    let mut backoff = Backoff::default();
    let mut retired = JoinSet::new();
    let Some(mut link) = connect(index, &settings, &mut backoff, &stop).await? else {
        return Ok(());
    };
    loop {
        let signal = tokio::select! {
            () = stop.cancelled() => break,
            signal = link.next() => signal,
        };
        let announced = match signal {
            Signal::Ready => continue,
            Signal::Disconnect(Disconnect::LinkDisabled) => {
                link.close().await;
                return Err(Error::LinkDisabled);
            }
            Signal::Disconnect(reason @ (Disconnect::Warning | Disconnect::RefreshRequested)) => {
                info!(connection = index, %reason, "Slack announced the end of a Socket Mode connection: opening the next one first");
                true
            }
            Signal::Disconnect(reason) => {
                warn!(connection = index, %reason, "Slack ended a Socket Mode connection");
                false
            }
            Signal::Closed => {
                warn!(connection = index, "A Socket Mode connection closed");
                false
            }
        };
        if link.age() >= GOOD {
            backoff = Backoff::default();
        }
        if announced {
            // Make before break: the old link keeps receiving on its own thread while its successor connects.
            let Some(next) = connect(index, &settings, &mut backoff, &stop).await? else {
                break;
            };
            retired.spawn(retire(std::mem::replace(&mut link, next), stop.clone()));
        } else {
            link.close().await;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(backoff.pause()) => {}
            }
            let Some(next) = connect(index, &settings, &mut backoff, &stop).await? else {
                return Ok(());
            };
            link = next;
        }
        while retired.try_join_next().is_some() {}
    }
    link.close().await;
    while retired.join_next().await.is_some() {}
    Ok(())
}

/// Opens a connection, however long it takes; `None` when told to stop.
async fn connect(
    index: u8,
    settings: &Settings,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<Option<Link>, Error> {
    loop {
        let mut link = Link::open(index, settings, backoff.seconds()).map_err(Error::Thread)?;
        let signal = tokio::select! {
            () = stop.cancelled() => {
                link.close().await;
                return Ok(None);
            }
            signal = timeout(backoff.window(), link.next()) => signal,
        };
        match signal {
            Ok(Signal::Ready) => {
                info!(connection = index, "A Socket Mode connection stands");
                return Ok(Some(link));
            }
            Ok(Signal::Disconnect(Disconnect::LinkDisabled)) => return Err(Error::LinkDisabled),
            Ok(Signal::Disconnect(_) | Signal::Closed) | Err(_) => link.abandon(),
        }
        let reason = diagnose(&settings.api_url, &settings.app_token).await;
        let pause = backoff.grow();
        warn!(
            connection = index,
            reason,
            ?pause,
            "No Socket Mode connection yet, trying again"
        );
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Lets Slack finish with a connection that has a successor.
async fn retire(mut link: Link, stop: CancellationToken) {
    let closed = async { while !matches!(link.next().await, Signal::Closed) {} };
    tokio::select! {
        () = stop.cancelled() => {}
        _ = timeout(RETIREMENT, closed) => {}
    }
    link.close().await;
}
