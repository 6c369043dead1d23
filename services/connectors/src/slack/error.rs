//! What stops a part of the Slack connector.

use super::{configuration, outbound, socket};

/// What stops a part of the Slack connector; everything else is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value in `[slack]`.
    #[error(transparent)]
    Configuration(#[from] configuration::Error),
    /// Socket Mode ended for good.
    #[error(transparent)]
    Socket(#[from] socket::Error),
    /// The outbound half ended.
    #[error(transparent)]
    Outbound(#[from] outbound::Error),
}
