//! What is known of a channel.

use std::collections::BTreeSet;

use uuid::{Uuid, uuid};

use super::event::{ChannelEvent, Spot};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a0c");

/// A channel's identity.
pub fn id(spot: &Spot) -> Uuid {
    let Spot {
        connector,
        account,
        channel,
    } = spot;
    Uuid::new_v5(&NAMESPACE, format!("{connector}.{account}.{channel}").as_bytes())
}

/// A channel: as long as nobody says otherwise, only what is meant for the product is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// Whether every message of a person is answered.
    pub is_watched: bool,
    /// The applications whose messages are looked into, by their names in lower case.
    pub apps: BTreeSet<String>,
}

impl Channel {
    /// Whether what this application posts is looked into. Case does not matter.
    pub fn watches(&self, app: &str) -> bool {
        self.apps.contains(&app.to_lowercase())
    }

    pub(super) fn after(mut self, event: &ChannelEvent) -> Self {
        match event {
            ChannelEvent::Watched(_) => self.is_watched = true,
            ChannelEvent::Unwatched(_) => self.is_watched = false,
            ChannelEvent::AlertsWatched(watched) => {
                self.apps.insert(watched.app.clone());
            }
            ChannelEvent::AlertsUnwatched(unwatched) => {
                self.apps.remove(&unwatched.app);
            }
        }
        self
    }
}
