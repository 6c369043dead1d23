//! What goes out to Slack: answers into threads, and what a connection consists of.

mod api;
mod blocks;
mod describe;
mod markdown;
mod mrkdwn;
mod post;

use std::{future::Future, sync::Arc};

use infragpt_nats::{Call, Connection, Service, ServiceError};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::api::{Failure, Identity, WebApi};
use super::Configuration;

/// The version of the operations, shown by `nats micro ls`.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What stops the outbound half.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no bot token.
    #[error("slack.bot_token is missing: nothing can be posted without it")]
    NoToken,
    /// TLS can't be set up.
    #[error("the HTTP client for Slack can't be built")]
    Client(#[source] reqwest::Error),
    /// NATS doesn't let it serve.
    #[error(transparent)]
    Service(#[from] infragpt_nats::service::Error),
}

/// Serves `connector.v1.slack.post` and `connector.v1.slack.describe` until `shutdown`.
///
/// # Errors
/// [`Error`] when it can't start, or NATS stops it.
pub async fn run(
    configuration: Configuration,
    connection: &Connection,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let token = configuration.bot_token.ok_or(Error::NoToken)?;
    let api = WebApi::new(&configuration.api_url, token).map_err(Error::Client)?;
    let outbound = Arc::new(Outbound {
        api,
        identity: OnceCell::new(),
    });
    tokio::spawn(warm(Arc::clone(&outbound), shutdown.clone()));
    Service::new(
        connection,
        "connector",
        VERSION,
        "Operations on connected systems: posts answers to Slack",
    )
    .endpoint("connector.v1.slack.post", {
        let outbound = Arc::clone(&outbound);
        move |call: Call| {
            let outbound = Arc::clone(&outbound);
            answer(async move { outbound.post(call.json()?).await })
        }
    })
    .endpoint("connector.v1.slack.describe", move |_: Call| {
        let outbound = Arc::clone(&outbound);
        answer(async move { outbound.describe().await })
    })
    .run(shutdown)
    .await?;
    Ok(())
}

async fn answer<T: Serialize>(operation: impl Future<Output = Result<T, ServiceError>>) -> Result<Value, ServiceError> {
    let answered = operation.await?;
    serde_json::to_value(answered).map_err(|error| ServiceError::new(500, error.to_string()))
}

/// Opens the connection to Slack and learns who we are before the first answer has to wait for either.
async fn warm(outbound: Arc<Outbound>, shutdown: CancellationToken) {
    let known = tokio::select! {
        () = shutdown.cancelled() => return,
        known = outbound.identity() => known,
    };
    match known {
        Ok(Identity { team_id, user_id, .. }) => {
            info!(account = team_id, bot_user = user_id, "Slack knows the bot token");
        }
        Err(failure) => {
            warn!(reason = %failure, "Slack doesn't answer to the bot token yet: the next answer tries again");
        }
    }
}

/// One bot token, and who it is.
struct Outbound {
    api: WebApi,
    identity: OnceCell<Identity>,
}

impl Outbound {
    async fn identity(&self) -> Result<&Identity, Failure> {
        self.identity.get_or_try_init(|| self.api.identity()).await
    }
}

#[cfg(test)]
mod tests;
