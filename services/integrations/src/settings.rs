//! What can be set about integrations.

use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

/// What can be set about integrations.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people's browsers reach us, without a path: external systems send them back there.
    pub public_url: Url,
    /// How often every connection is tried.
    pub probe_every: Duration,
    /// How often what a connection may see is compared with what there is.
    pub synchronize_every: Duration,
    /// The time.
    pub clock: fn() -> DateTime<Utc>,
}
