//! What stops Clerk's webhooks.

use crate::configuration;

/// What stops Clerk's webhooks; everything else is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value in `[clerk]`.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
}
