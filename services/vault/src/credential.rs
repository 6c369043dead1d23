//! What is kept, whose it is, and who opens it what for.

use std::fmt;

use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId, integration};
use infragpt_nats::{Cause, Origin};
use uuid::Uuid;

use crate::Secret;

/// A credential as an external system gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Tokens and what belongs to them, in whatever form the connector keeps them.
    pub secret: Secret,
    /// When the external system no longer takes it, if ever.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Whose credential it is. A credential opens for exactly the owner that it was sealed for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The organization.
    pub organization: OrganizationId,
    /// Its integration.
    pub integration: Uuid,
    /// The kind of system that this connects.
    pub connector: ConnectorKind,
}

impl Owner {
    /// The integration of `organization` with `connector`.
    pub fn new(organization: OrganizationId, connector: ConnectorKind) -> Self {
        Self {
            integration: integration::id(&organization, &connector),
            organization,
            connector,
        }
    }
}

/// What a credential is opened for, as the audit tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Somebody is written to.
    Post,
    /// Something is read.
    Read,
    /// It is tried whether it works.
    Validate,
    /// What the integration may see is listed.
    Synchronize,
    /// It is exchanged for a new one.
    Refresh,
    /// It is ended.
    Revoke,
}

impl Purpose {
    /// The purpose as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Read => "read",
            Self::Validate => "validate",
            Self::Synchronize => "synchronize",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Who opens a credential, for the audit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reader {
    /// Who, as `<kind>:<id>`.
    pub actor: String,
    /// The event that the case goes back to, if there is one.
    pub correlation: Option<String>,
    /// Where the request came from, if it follows from one.
    pub origin: Origin,
}

impl Reader {
    /// Whoever caused `cause`.
    pub fn of(cause: &Cause) -> Self {
        Self {
            actor: cause.actor.clone(),
            correlation: Some(cause.correlation.clone()),
            origin: cause.origin.clone(),
        }
    }
}

/// An opened credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The plaintext; let go of it as soon as the call that it serves is done.
    pub credential: Secret,
    /// The generation, from 1: a new one each time that an account is connected.
    pub generation: u32,
    /// The version within the generation, from 1: a new one each time that it is refreshed.
    pub version: u32,
    /// When the external system no longer takes it, if ever.
    pub expires_at: Option<DateTime<Utc>>,
}
