//! What chats tell whoever shows something in them, right now or never.

use infragpt_events::{ConnectorKind, OrganizationId};
use serde::{Deserialize, Serialize};

/// Where it is told.
pub const OPENED: &str = "chat.v1.opened";

/// Somebody opened a place of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Whose.
    pub organization: OrganizationId,
    /// The kind of chat.
    pub connector: ConnectorKind,
    /// The account.
    pub account: String,
    /// The place.
    #[serde(flatten)]
    pub place: OpenedPlace,
}

/// A place of ours in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "opened", rename_all = "snake_case")]
pub enum OpenedPlace {
    /// The application's own page.
    Home {
        /// Who looks at it, as the chat calls them.
        user: String,
    },
    /// A new thread of the assistant.
    Thread {
        /// Who opened it, as the chat calls them.
        user: String,
        /// Where.
        channel: String,
        /// Its first message.
        thread: String,
    },
}
