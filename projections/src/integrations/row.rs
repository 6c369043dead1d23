//! What events make of one integration's row. It follows the aggregate: what would change nothing there changes
//! nothing here.

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind,
    integration::{Authorized, IntegrationEvent, Lifecycle},
};
use uuid::Uuid;

use super::attempt::Attempts;
use crate::{Recorded, column};

/// How an integration stands, with the reason where there has to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    NotStarted,
    Active,
    Degraded(String),
    Suspended(String),
    Disconnected(String),
}

/// A row of `integrations`, its values in the form that PostgreSQL holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub organization_id: String,
    pub id: Uuid,
    pub connector: String,
    pub standing: Standing,
    pub account_id: Option<String>,
    pub account_name: Option<String>,
    pub bot_user: Option<String>,
    pub scopes: serde_json::Value,
    pub authorized_at: Option<DateTime<Utc>>,
    pub changed_at: DateTime<Utc>,
    pub open_attempts: Attempts,
    pub requested_by: Option<String>,
    pub attempt_failure: Option<String>,
    pub synchronized_at: Option<DateTime<Utc>>,
    /// The place of the last event that shaped it.
    pub sequence: i64,
}

impl Standing {
    /// Reads the stored columns; none when this build never stores such a state.
    pub fn read(state: &str, reason: Option<String>) -> Option<Self> {
        let reason = reason.unwrap_or_default();
        [
            Self::NotStarted,
            Self::Active,
            Self::Degraded(reason.clone()),
            Self::Suspended(reason.clone()),
            Self::Disconnected(reason),
        ]
        .into_iter()
        .find(|standing| standing.state() == state)
    }

    /// The state in a word.
    pub fn state(&self) -> &'static str {
        match self {
            Self::NotStarted => Lifecycle::NotStarted,
            Self::Active => Lifecycle::Active,
            Self::Degraded(_) => Lifecycle::Degraded,
            Self::Suspended(_) => Lifecycle::Suspended,
            Self::Disconnected(_) => Lifecycle::Disconnected,
        }
        .as_str()
    }

    /// Why it is not as it should be.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NotStarted | Self::Active => None,
            Self::Degraded(reason) | Self::Suspended(reason) | Self::Disconnected(reason) => Some(reason),
        }
    }

    fn is_connected(&self) -> bool {
        match self {
            Self::Active | Self::Degraded(_) | Self::Suspended(_) => true,
            Self::NotStarted | Self::Disconnected(_) => false,
        }
    }
}

impl Row {
    /// The row that an event makes where there is none: only an attempt and an authorization say what is connected.
    pub fn first(event: &Recorded<IntegrationEvent>) -> Option<Self> {
        match &event.event {
            IntegrationEvent::AuthorizationStarted(started) => Self::empty(event, &started.connector).after(event),
            IntegrationEvent::Authorized(authorized) => Self::empty(event, &authorized.connector).after(event),
            _ => None,
        }
    }

    fn empty(event: &Recorded<IntegrationEvent>, connector: &ConnectorKind) -> Self {
        Self {
            organization_id: event.organization.as_str().to_owned(),
            id: event.aggregate,
            connector: connector.as_str().to_owned(),
            standing: Standing::NotStarted,
            account_id: None,
            account_name: None,
            bot_user: None,
            scopes: column::list(&[]),
            authorized_at: None,
            changed_at: column::time(event.time),
            open_attempts: Attempts::default(),
            requested_by: None,
            attempt_failure: None,
            synchronized_at: None,
            sequence: -1,
        }
    }

    /// The row after `event`; none when the event changes nothing of it: it was applied before, belongs to another
    /// organization, or means nothing to an integration that stands like this.
    pub fn after(&self, event: &Recorded<IntegrationEvent>) -> Option<Self> {
        let sequence = column::sequence(event.sequence);
        if sequence <= self.sequence || event.organization.as_str() != self.organization_id {
            return None;
        }
        let mut row = self.clone();
        if !row.take(event) {
            return None;
        }
        row.sequence = sequence;
        Some(row)
    }

    /// Whether `event` shapes the row.
    fn take(&mut self, event: &Recorded<IntegrationEvent>) -> bool {
        match &event.event {
            IntegrationEvent::AuthorizationStarted(started) => {
                self.open_attempts.start(started);
                self.requested_by = Some(column::text(&started.requested_by));
                self.attempt_failure = None;
                self.requested_by_newest();
            }
            IntegrationEvent::AuthorizationFailed(failed) => {
                self.open_attempts.end(failed.attempt);
                self.attempt_failure = Some(column::text(&failed.reason));
                self.requested_by_newest();
            }
            IntegrationEvent::Authorized(authorized) => self.authorize(authorized, event.time),
            IntegrationEvent::Synchronized(_) if self.standing.is_connected() => {
                self.synchronized_at = Some(column::time(event.time));
            }
            IntegrationEvent::PermissionsChanged(changed) if self.standing.is_connected() => {
                self.scopes = column::list(&changed.scopes);
            }
            other => match self.standing_after(other) {
                Some(standing) => {
                    self.standing = standing;
                    self.changed_at = column::time(event.time);
                }
                None => return false,
            },
        }
        true
    }

    /// The new standing, where `event` means one.
    fn standing_after(&self, event: &IntegrationEvent) -> Option<Standing> {
        let is_connected = self.standing.is_connected();
        match (event, &self.standing) {
            (IntegrationEvent::Degraded(degraded), Standing::Active | Standing::Degraded(_)) => {
                Some(Standing::Degraded(column::text(&degraded.reason)))
            }
            (IntegrationEvent::Recovered(_), Standing::Degraded(_))
            | (IntegrationEvent::Resumed(_), Standing::Suspended(_)) => Some(Standing::Active),
            (IntegrationEvent::Suspended(suspended), _) if is_connected => {
                Some(Standing::Suspended(column::text(&suspended.reason)))
            }
            (IntegrationEvent::Disconnected(disconnected), _) if is_connected => {
                Some(Standing::Disconnected(column::text(&disconnected.reason)))
            }
            _ => None,
        }
    }

    fn authorize(&mut self, authorized: &Authorized, at: DateTime<Utc>) {
        if !self.standing.is_connected() {
            self.synchronized_at = None;
        }
        self.standing = Standing::Active;
        self.account_id = Some(column::text(&authorized.account.id));
        self.account_name = Some(column::text(&authorized.account.name));
        self.bot_user = column::optional(authorized.bot_user.as_deref());
        self.scopes = column::list(&authorized.scopes);
        self.authorized_at = Some(column::time(at));
        self.changed_at = column::time(at);
        self.attempt_failure = None;
        match authorized.attempt {
            Some(attempt) => self.open_attempts.end(attempt),
            // Nobody was sent anywhere for this connection.
            None => self.requested_by = None,
        }
        self.requested_by_newest();
    }

    /// Who started the newest open attempt is who may still come back; without one, who is known stays.
    fn requested_by_newest(&mut self) {
        if let Some(newest) = self.open_attempts.newest() {
            self.requested_by = Some(newest.requested_by.clone());
        }
    }
}
