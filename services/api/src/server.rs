//! Serving a listener until the process is told to stop.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::layered;

/// How long running requests may take to end after a shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// Why a listener is no longer served.
#[derive(Debug, thiserror::Error)]
#[error("HTTP can't be served any longer")]
pub struct Error(#[from] io::Error);

/// Serves `router` with the common layers until `shutdown`: then no connection is taken any more, running requests
/// end, and after ten seconds those that did not are dropped.
///
/// # Errors
/// [`Error`] when the listener breaks.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> Result<(), Error> {
    let service = layered(router).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .into_future();
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended.map_err(Error::from),
        () = shutdown.cancelled() => {}
    }
    if let Ok(ended) = timeout(GRACE, serving).await {
        return ended.map_err(Error::from);
    }
    tracing::warn!("Dropped requests that did not end within {} seconds", GRACE.as_secs());
    Ok(())
}
