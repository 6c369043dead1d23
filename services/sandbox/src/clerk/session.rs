use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::event::Event;
use crate::clock;

/// A session lives a week, as at Clerk unless configured otherwise; in milliseconds.
const LIFE: i64 = 7 * 86_400_000;

/// Somebody who is signed in, in one browser.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: String,
    client_id: String,
    pub(super) user: String,
    /// The one that they act for.
    pub(super) organization: Option<String>,
    /// In milliseconds.
    pub(super) created_at: i64,
}

impl Session {
    fn event(&self, kind: &str, status: &str, now: i64) -> Event {
        let data: Value = json!({
            "object": "session",
            "id": self.id,
            "client_id": self.client_id,
            "user_id": self.user,
            "status": status,
            "last_active_organization_id": self.organization,
            "actor": null,
            "last_active_at": now,
            "expire_at": self.created_at + LIFE,
            "abandon_at": self.created_at + 4 * LIFE,
            "created_at": self.created_at,
            "updated_at": now,
        });
        Event::new(kind, data, now)
    }
}

/// The id of a session that no browser has.
pub(super) fn id() -> String {
    format!("sess_{}", hex::encode(&clock::random()[..12]))
}

/// Who is signed in, by what their browser shows.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// Somebody signs in; returns what their browser has to show from then on.
    pub(super) fn begin(&self, user: &str, organization: Option<String>, now: i64) -> (String, Event) {
        let session = Session {
            id: id(),
            client_id: format!("client_{}", hex::encode(&clock::random()[..12])),
            user: user.to_owned(),
            organization,
            created_at: now,
        };
        let event = session.event("session.created", "active", now);
        let client = hex::encode(clock::random());
        self.lock().insert(client.clone(), session);
        (client, event)
    }

    pub(super) fn find(&self, client: &str) -> Option<Session> {
        self.lock().get(client).cloned()
    }

    /// Somebody acts for another organization from now on.
    pub(super) fn switch(&self, client: &str, organization: Option<String>) {
        if let Some(session) = self.lock().get_mut(client) {
            session.organization = organization;
        }
    }

    /// Somebody signs out.
    pub(super) fn end(&self, client: &str, now: i64) -> Option<Event> {
        let session = self.lock().remove(client)?;
        Some(session.event("session.removed", "removed", now))
    }

    /// Ends what somebody has who is gone.
    pub(super) fn forget(&self, user: &str) {
        self.lock().retain(|_, session| session.user != user);
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
