//! What stops the GitHub connector.

use super::configuration;

/// What stops a part of the GitHub connector; everything else is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value in `[github]`.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
    /// TLS can't be set up.
    #[error("the HTTP client for GitHub can't be built")]
    Client(#[source] reqwest::Error),
}
