//! What stops a part of the GitHub connector.

use super::configuration;

/// What stops a part of the GitHub connector; everything else is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value in `[github]`.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
}
