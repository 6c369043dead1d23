//! What happens to a channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectorKind, aggregate::domain_events};

domain_events! {
    /// What happens to a channel.
    pub enum ChannelEvent of "channel" {
        /// Somebody wants every message of a person to be answered in it.
        Watched = "watched" v 1,
        /// Somebody wants only those messages to be answered that are meant for the product.
        Unwatched = "unwatched" v 1,
        /// Somebody wants what another application posts in it to be looked into.
        AlertsWatched = "alerts_watched" v 1,
        /// Somebody wants what that application posts to be left alone.
        AlertsUnwatched = "alerts_unwatched" v 1,
    }
}

/// A channel of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Spot {
    /// The kind of chat.
    pub connector: ConnectorKind,
    /// The account whose channel it is.
    pub account: String,
    /// The channel.
    pub channel: String,
}

/// Somebody wants every message of a person to be answered in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Watched {
    /// Which channel.
    pub spot: Spot,
    /// Who, as the chat calls them.
    pub by: String,
}

/// Somebody wants only those messages to be answered that are meant for the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unwatched {
    /// Which channel.
    pub spot: Spot,
    /// Who, as the chat calls them.
    pub by: String,
}

/// Somebody wants what another application posts in it to be looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertsWatched {
    /// Which channel.
    pub spot: Spot,
    /// The application: its name in lower case.
    pub app: String,
    /// Who, as the chat calls them.
    pub by: String,
}

/// Somebody wants what that application posts to be left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertsUnwatched {
    /// Which channel.
    pub spot: Spot,
    /// The application: its name in lower case.
    pub app: String,
    /// Who, as the chat calls them.
    pub by: String,
}
