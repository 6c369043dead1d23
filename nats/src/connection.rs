//! One connection for each role, as that role's own NATS user.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::{Client, ConnectOptions, connection::State};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::request;

/// The oldest nats-server that this build runs on.
pub const LEAST_SERVER_VERSION: (u64, u64, u64) = (2, 14, 4);

/// How a role reaches NATS.
#[derive(Debug, Clone)]
pub struct ConnectionConfiguration {
    /// `nats://host:port`, several separated by commas.
    pub url: String,
    /// The role's NATS user; also the prefix of its inboxes, which is all of them that it may read.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
    /// What `nats server report connections` shows.
    pub name: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server answered; trying again may help.
    #[error("no NATS server answers at {url}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the client library found.
        #[source]
        source: async_nats::ConnectError,
    },
    /// The server refused the user; trying again does not help.
    #[error("NATS at {url} refuses user `{user}`: check its password")]
    Refused {
        /// Which server.
        url: String,
        /// Which user.
        user: String,
    },
    /// The server lacks what durability and concurrency control need.
    #[error(
        "nats-server {found} is too old: {least} or newer is needed, for consumer resets and atomic batches that survive a crash"
    )]
    TooOld {
        /// The server's version.
        found: String,
        /// The oldest version that works.
        least: String,
    },
}

/// A connection to NATS. Cheap to clone; reconnects for ever.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(crate) client: Client,
    user: Arc<str>,
}

impl Connection {
    /// Connects once and checks the server's version.
    ///
    /// # Errors
    /// [`Error::Unreachable`] may be tried again, the others are final.
    pub async fn connect(configuration: &ConnectionConfiguration) -> Result<Self, Error> {
        let ConnectionConfiguration {
            url,
            user,
            password,
            name,
        } = configuration;
        let client = ConnectOptions::new()
            .user_and_password(user.clone(), password.expose_secret().to_owned())
            .name(name)
            .custom_inbox_prefix(format!("_INBOX.{user}"))
            .connection_timeout(Duration::from_secs(2))
            .ping_interval(Duration::from_secs(10))
            .reconnect_delay_callback(|attempts| {
                let attempts = u32::try_from(attempts).unwrap_or(u32::MAX).min(6);
                Duration::from_millis(25 * 2_u64.pow(attempts)).min(Duration::from_secs(1))
            })
            .event_callback(|event| async move {
                match event {
                    async_nats::Event::Connected => tracing::info!("Connected to NATS"),
                    async_nats::Event::Disconnected => tracing::warn!("Lost the connection to NATS, reconnecting"),
                    async_nats::Event::ServerError(error) => tracing::error!(%error, "NATS reported an error"),
                    async_nats::Event::SlowConsumer(subscription) => {
                        tracing::error!(subscription, "NATS messages were dropped: a subscription was too slow");
                    }
                    other => tracing::debug!(event = %other, "NATS connection event"),
                }
            })
            .connect(url.split(',').map(str::trim).collect::<Vec<_>>())
            .await
            .map_err(|source| match source.kind() {
                async_nats::ConnectErrorKind::Authentication | async_nats::ConnectErrorKind::AuthorizationViolation => {
                    Error::Refused {
                        url: url.clone(),
                        user: user.clone(),
                    }
                }
                _ => Error::Unreachable {
                    url: url.clone(),
                    source,
                },
            })?;
        let version = client.server_info().version;
        if parse_version(&version).is_none_or(|version| version < LEAST_SERVER_VERSION) {
            let (major, minor, patch) = LEAST_SERVER_VERSION;
            return Err(Error::TooOld {
                found: version,
                least: format!("{major}.{minor}.{patch}"),
            });
        }
        Ok(Self {
            client,
            user: user.as_str().into(),
        })
    }

    /// The NATS user that this connection is.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The version of the server that it is connected to.
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// Whether the connection stands right now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// How often this connection was established, from 1: after a reconnect the server may have come back from a crash
    /// and forgotten how far its consumers were.
    pub fn epoch(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Publishes with any subject for the reply, as a hostile role might: for tests of what that can do.
    ///
    /// # Errors
    /// When the connection is closed.
    #[doc(hidden)]
    pub async fn publish_with_reply(&self, subject: &str, reply: &str, payload: Bytes) -> Result<(), request::Error> {
        self.client
            .publish_with_reply(subject.to_owned(), reply.to_owned(), payload)
            .await
            .map_err(|error| request::Error::Unavailable(error.to_string()))
    }

    /// Sends what waits, then closes.
    pub async fn drain(&self) {
        if let Err(error) = self.client.drain().await {
            tracing::debug!(%error, "The NATS connection was closed already");
        }
    }
}

fn parse_version(version: &str) -> Option<(u64, u64, u64)> {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse_version("2.15.1"), Some((2, 15, 1)));
        assert_eq!(parse_version("2.14.4-RC.2"), Some((2, 14, 4)));
        assert!(parse_version("2.9.10").unwrap() < LEAST_SERVER_VERSION);
        assert_eq!(parse_version(""), None);
    }
}
