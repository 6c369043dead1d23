//! What is known of an integration.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use uuid::{Uuid, uuid};

use super::{
    attempts::Attempts,
    event::{Account, Authorized, IntegrationEvent, Resource, ResourceKind},
};
use crate::{ConnectorKind, OrganizationId};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a01");

/// An integration's identity: one for each organization and connector, by construction.
pub fn id(organization: &OrganizationId, connector: &ConnectorKind) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{organization}.{connector}").as_bytes())
}

/// An integration: how it stands, and the attempts to authorize it, which can be made however it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Integration {
    /// How it stands.
    pub standing: Standing,
    /// The attempts to authorize it.
    pub attempts: Attempts,
}

/// How an integration stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nobody ever connected it.
    #[default]
    NotConnected,
    /// It works.
    Active(Connected),
    /// It doesn't work, for the reason given.
    Degraded(Connected, String),
    /// The account's owner paused it, for the reason given.
    Suspended(Connected, String),
    /// It was connected once, and ended for the reason given.
    Disconnected(Connected, String),
}

/// What a connection holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// The account.
    pub account: Account,
    /// The user that the product acts as.
    pub bot_user: Option<String>,
    /// What the account's owner allowed.
    pub scopes: Vec<String>,
    /// The generation of its credential, if it has one.
    pub credential: Option<u32>,
    /// When it was allowed, where that is known.
    pub allowed_at: Option<DateTime<Utc>>,
    /// What it may see, by kind and identifier.
    pub resources: BTreeMap<(ResourceKind, String), Resource>,
}

/// An integration's state in one word, as administrators read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Nobody began to connect it.
    NotStarted,
    /// Somebody was sent to the external system and can still come back.
    Pending,
    /// It works.
    Active,
    /// It doesn't work at present.
    Degraded,
    /// The account's owner paused it.
    Suspended,
    /// It was ended.
    Disconnected,
}

impl Lifecycle {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Degraded => "degraded",
            Self::Suspended => "suspended",
            Self::Disconnected => "disconnected",
        }
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Integration {
    /// The state in one word at `now`: an attempt counts until its time is over.
    pub fn lifecycle(&self, now: DateTime<Utc>) -> Lifecycle {
        match &self.standing {
            Standing::Active(_) => Lifecycle::Active,
            Standing::Degraded(..) => Lifecycle::Degraded,
            Standing::Suspended(..) => Lifecycle::Suspended,
            Standing::NotConnected | Standing::Disconnected(..) if self.attempts.any_open(now) => Lifecycle::Pending,
            Standing::NotConnected => Lifecycle::NotStarted,
            Standing::Disconnected(..) => Lifecycle::Disconnected,
        }
    }

    /// The connection that there is, also a degraded or suspended one.
    pub fn connected(&self) -> Option<&Connected> {
        match &self.standing {
            Standing::NotConnected | Standing::Disconnected(..) => None,
            Standing::Active(connected) | Standing::Degraded(connected, _) | Standing::Suspended(connected, _) => {
                Some(connected)
            }
        }
    }

    /// The connection that there is, or the last one that there was.
    pub fn ever_connected(&self) -> Option<&Connected> {
        match &self.standing {
            Standing::Disconnected(connected, _) => Some(connected),
            _ => self.connected(),
        }
    }

    /// Why it stands as it does, where it is not as it should be.
    pub fn reason(&self) -> Option<&str> {
        match &self.standing {
            Standing::NotConnected | Standing::Active(_) => None,
            Standing::Degraded(_, reason) | Standing::Suspended(_, reason) | Standing::Disconnected(_, reason) => {
                Some(reason)
            }
        }
    }

    pub(super) fn after(mut self, event: &IntegrationEvent) -> Self {
        self.attempts = self.attempts.after(event);
        self.standing = self.standing.after(event);
        self
    }
}

impl Standing {
    fn after(self, event: &IntegrationEvent) -> Self {
        use IntegrationEvent as Event;
        match (self, event) {
            (before, Event::Authorized(authorized)) => Self::Active(Connected::new(authorized, before)),
            (Self::Active(it) | Self::Degraded(it, _), Event::Degraded(degraded)) => {
                Self::Degraded(it, degraded.reason.clone())
            }
            (Self::Degraded(it, _), Event::Recovered(_)) | (Self::Suspended(it, _), Event::Resumed(_)) => {
                Self::Active(it)
            }
            (Self::Active(it) | Self::Degraded(it, _) | Self::Suspended(it, _), Event::Suspended(suspended)) => {
                Self::Suspended(it, suspended.reason.clone())
            }
            (Self::Active(it) | Self::Degraded(it, _) | Self::Suspended(it, _), Event::Disconnected(disconnected)) => {
                Self::Disconnected(it, disconnected.reason.clone())
            }
            (Self::Active(it), event) => Self::Active(it.with(event)),
            (Self::Degraded(it, reason), event) => Self::Degraded(it.with(event), reason),
            (Self::Suspended(it, reason), event) => Self::Suspended(it.with(event), reason),
            (before @ (Self::NotConnected | Self::Disconnected(..)), _) => before,
        }
    }
}

impl Connected {
    /// A new authorization of a standing connection keeps what it may see.
    fn new(authorized: &Authorized, before: Standing) -> Self {
        let resources = match before {
            Standing::Active(it) | Standing::Degraded(it, _) | Standing::Suspended(it, _) => it.resources,
            Standing::NotConnected | Standing::Disconnected(..) => BTreeMap::new(),
        };
        Self {
            connector: authorized.connector.clone(),
            account: authorized.account.clone(),
            bot_user: authorized.bot_user.clone(),
            scopes: authorized.scopes.clone(),
            credential: authorized.credential,
            allowed_at: authorized.allowed_at,
            resources,
        }
    }

    fn with(mut self, event: &IntegrationEvent) -> Self {
        match event {
            IntegrationEvent::ResourceGranted(granted) => {
                for resource in &granted.resources {
                    self.resources
                        .insert((resource.kind, resource.id.clone()), resource.clone());
                }
            }
            IntegrationEvent::ResourceWithdrawn(withdrawn) => {
                for id in &withdrawn.resource_ids {
                    self.resources.remove(&(withdrawn.kind, id.clone()));
                }
            }
            IntegrationEvent::PermissionsChanged(changed) => self.scopes.clone_from(&changed.scopes),
            IntegrationEvent::AuthorizationStarted(_)
            | IntegrationEvent::AuthorizationReturned(_)
            | IntegrationEvent::AuthorizationFailed(_)
            | IntegrationEvent::Authorized(_)
            | IntegrationEvent::Synchronized(_)
            | IntegrationEvent::Degraded(_)
            | IntegrationEvent::Recovered(_)
            | IntegrationEvent::Suspended(_)
            | IntegrationEvent::Resumed(_)
            | IntegrationEvent::Disconnected(_) => {}
        }
        self
    }
}
