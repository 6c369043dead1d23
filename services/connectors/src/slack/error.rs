//! What stops the Slack connector.

use super::{configuration, socket};

/// What stops a part of the Slack connector; everything else is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value in `[slack]`.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
    /// TLS can't be set up.
    #[error("the HTTP client for Slack can't be built")]
    Client(#[source] reqwest::Error),
    /// Socket Mode ended for good.
    #[error(transparent)]
    Socket(#[from] socket::Error),
}
