use serde_json::{Value, json};

use crate::{clock, world::World};

/// Something that happened, as webhooks tell it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Such as `user.created`.
    pub(crate) kind: String,
    /// The thing that it happened to.
    pub(crate) data: Value,
    /// When, in milliseconds since the epoch.
    pub(crate) at: i64,
}

impl Event {
    pub(super) fn new(kind: &str, data: Value, at: i64) -> Self {
        Self {
            kind: kind.to_owned(),
            data,
            at,
        }
    }

    /// That a thing is gone, of which only its id is said.
    pub(super) fn deleted(object: &str, id: &str, at: i64) -> Self {
        let data = json!({ "deleted": true, "id": id, "object": object });
        Self::new(&format!("{object}.deleted"), data, at)
    }

    /// The whole body of a webhook.
    ///
    /// <https://clerk.com/docs/guides/development/webhooks/overview#payload-structure>
    pub(super) fn body(&self, instance_id: &str) -> Value {
        json!({
            "data": self.data,
            "event_attributes": {
                "http_request": { "client_ip": "127.0.0.1", "user_agent": "Mozilla/5.0 (infragpt-sandbox)" },
            },
            "instance_id": instance_id,
            "object": "event",
            "timestamp": self.at,
            "type": self.kind,
        })
    }
}

/// The whole body of a webhook about anything; it happened `at` that time in milliseconds, or now.
pub(crate) fn body(world: &World, kind: &str, data: Value, at: Option<i64>) -> Value {
    let event = Event::new(kind, data, at.unwrap_or_else(clock::milliseconds));
    event.body(&world.configuration.clerk.instance_id)
}
