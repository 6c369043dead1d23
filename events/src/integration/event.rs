//! What happens to an integration.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::{ConnectorKind, aggregate::domain_events};

domain_events! {
    /// What happens to an integration.
    pub enum IntegrationEvent of "integration" {
        /// Somebody was sent to the external system to allow a connection.
        AuthorizationStarted = "authorization_started" v 1,
        /// They came back from there, which uses up what they were sent with.
        AuthorizationReturned = "authorization_returned" v 1,
        /// Nothing came of it.
        AuthorizationFailed = "authorization_failed" v 1,
        /// An account was connected, or connected again.
        Authorized = "authorized" v 2,
        /// The integration may now see these resources.
        ResourceGranted = "resource_granted" v 1,
        /// The integration may no longer see these resources.
        ResourceWithdrawn = "resource_withdrawn" v 1,
        /// What the integration sees was compared with what the external system has.
        Synchronized = "synchronized" v 1,
        /// The account's owner allowed more, or less.
        PermissionsChanged = "permissions_changed" v 1,
        /// The connection doesn't work at present.
        Degraded = "degraded" v 1,
        /// It works again.
        Recovered = "recovered" v 1,
        /// The account's owner paused the integration.
        Suspended = "suspended" v 1,
        /// The account's owner let it go on.
        Resumed = "resumed" v 1,
        /// The connection ended.
        Disconnected = "disconnected" v 1,
    }
}

/// An account of the external system, as its connector names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Its identifier in the external system.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// What kind of thing an integration may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A repository of source code.
    Repository,
    /// A channel of a chat.
    Channel,
}

impl ResourceKind {
    /// The kind as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Channel => "channel",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Something that an integration may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// What kind of thing it is.
    pub kind: ResourceKind,
    /// Its identifier in the external system.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Where people find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether only some people of the account see it.
    #[serde(default)]
    pub private: bool,
}

/// Somebody was sent to the external system to allow a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationStarted {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// The attempt.
    pub attempt: Uuid,
    /// Who started it, as `<kind>:<id>`; nobody else can finish it.
    pub requested_by: String,
    /// Until when it can be finished.
    pub expires_at: DateTime<Utc>,
}

/// They came back from there, which uses up what they were sent with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationReturned {
    /// The attempt.
    pub attempt: Uuid,
    /// Which of its journeys ended, from 1: some systems send people back once more.
    pub leg: u32,
}

/// Nothing came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationFailed {
    /// The attempt.
    pub attempt: Uuid,
    /// Why, for people.
    pub reason: String,
}

/// An account was connected, or connected again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Authorized {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// The account.
    pub account: Account,
    /// The user that the product acts as in that account, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_user: Option<String>,
    /// What the account's owner allowed, in the external system's words.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The attempt that led to it; none when an operator connected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Uuid>,
    /// The generation of the credential that the vault keeps for it, if it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<u32>,
    /// When it was allowed. What the account said before is about an earlier connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_at: Option<DateTime<Utc>>,
}

/// The integration may now see these resources, or they have a new name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceGranted {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// What was granted, in its present form.
    pub resources: Vec<Resource>,
}

/// The integration may no longer see these resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceWithdrawn {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// What kind of resources.
    pub kind: ResourceKind,
    /// Their identifiers in the external system.
    pub resource_ids: Vec<String>,
}

/// What the integration sees was compared with what the external system has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Synchronized {
    /// What kind of resources.
    pub kind: ResourceKind,
    /// How many there are.
    pub count: usize,
}

/// The account's owner allowed more, or less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionsChanged {
    /// What is allowed now, in the external system's words.
    pub scopes: Vec<String>,
}

/// The connection doesn't work at present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Degraded {
    /// Why, and what to do, for people.
    pub reason: String,
}

/// The connection works again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recovered {}

/// The account's owner paused the integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspended {
    /// Why, for people.
    pub reason: String,
}

/// The account's owner let the integration go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {}

/// The connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Disconnected {
    /// Why, for people.
    pub reason: String,
}
