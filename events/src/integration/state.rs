//! What is known of an integration.

use std::collections::BTreeMap;

use uuid::{Uuid, uuid};

use super::event::{Account, IntegrationEvent, Resource, ResourceKind};
use crate::{ConnectorKind, OrganizationId};

const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a01");

/// An integration's identity: one for each organization and connector, by construction.
pub fn id(organization: &OrganizationId, connector: &ConnectorKind) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{organization}.{connector}").as_bytes())
}

/// An integration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Integration {
    /// Nobody ever connected it.
    #[default]
    NotAuthorized,
    /// It works.
    Active(Connected),
    /// The account's owner paused it, for the reason given.
    Suspended(Connected, String),
    /// It was connected once.
    Disconnected(Connected),
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
    /// What it may see, by kind and identifier.
    pub resources: BTreeMap<(ResourceKind, String), Resource>,
}

impl Integration {
    /// The connection, if there ever was one.
    pub fn connected(&self) -> Option<&Connected> {
        match self {
            Self::NotAuthorized => None,
            Self::Active(connected) | Self::Suspended(connected, _) | Self::Disconnected(connected) => Some(connected),
        }
    }

    pub(super) fn after(self, event: &IntegrationEvent) -> Self {
        match (self, event) {
            (before, IntegrationEvent::Authorized(authorized)) => {
                let resources = match before {
                    Self::Active(connected) | Self::Suspended(connected, _) => connected.resources,
                    Self::NotAuthorized | Self::Disconnected(_) => BTreeMap::new(),
                };
                Self::Active(Connected {
                    connector: authorized.connector.clone(),
                    account: authorized.account.clone(),
                    bot_user: authorized.bot_user.clone(),
                    scopes: authorized.scopes.clone(),
                    resources,
                })
            }
            (Self::Active(connected) | Self::Suspended(connected, _), IntegrationEvent::Suspended(suspended)) => {
                Self::Suspended(connected, suspended.reason.clone())
            }
            (Self::Suspended(connected, _), IntegrationEvent::Resumed(_)) => Self::Active(connected),
            (Self::Active(connected) | Self::Suspended(connected, _), IntegrationEvent::Disconnected(_)) => {
                Self::Disconnected(connected)
            }
            (Self::Active(connected), event) => Self::Active(connected.with(event)),
            (Self::Suspended(connected, reason), event) => Self::Suspended(connected.with(event), reason),
            (before @ (Self::NotAuthorized | Self::Disconnected(_)), _) => before,
        }
    }
}

impl Connected {
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
            IntegrationEvent::Authorized(_)
            | IntegrationEvent::Suspended(_)
            | IntegrationEvent::Resumed(_)
            | IntegrationEvent::Disconnected(_) => {}
        }
        self
    }
}
