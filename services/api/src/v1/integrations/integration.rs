//! A connection, as the API shows it, and what the commands about one have in common.

use chrono::{DateTime, Utc};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{self, Lifecycle},
};
use infragpt_nats::request;
use infragpt_projections::integrations;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::{
    Error,
    door::{Asker, Identity},
    words,
};

/// The connection to one kind of system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Integration {
    /// Its identity.
    id: Uuid,
    /// The kind of system.
    connector: String,
    /// Whether it works.
    #[schema(value_type = words::ConnectionState)]
    state: String,
    /// Why it doesn't.
    reason: Option<String>,
    /// The account that is connected, or was.
    account: Option<Account>,
    /// The user that the product acts as in that account.
    bot_user: Option<String>,
    /// What the account's owner allowed, in the external system's words.
    scopes: Vec<String>,
    /// Who began to connect it, as `<kind>:<id>`.
    requested_by: Option<String>,
    /// Until when whoever was sent to the external system can come back.
    pending_until: Option<DateTime<Utc>>,
    /// Why the last attempt to connect it came to nothing.
    last_failure: Option<String>,
    /// When it was last connected.
    authorized_at: Option<DateTime<Utc>>,
    /// When something last happened to its state.
    changed_at: Option<DateTime<Utc>>,
    /// When what it may see was last compared with what there is.
    synchronized_at: Option<DateTime<Utc>>,
}

/// An account of an external system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// Its identifier there.
    id: String,
    /// Its name there.
    name: Option<String>,
}

impl From<integrations::Integration> for Integration {
    fn from(integration: integrations::Integration) -> Self {
        let name = integration.account_name;
        Self {
            id: integration.id,
            connector: integration.connector,
            state: integration.state,
            reason: integration.reason,
            account: integration.account_id.map(|id| Account { id, name }),
            bot_user: integration.bot_user,
            scopes: integration.scopes,
            requested_by: integration.requested_by,
            pending_until: integration.pending_until,
            last_failure: integration.attempt_failure,
            authorized_at: integration.authorized_at,
            changed_at: Some(integration.changed_at),
            synchronized_at: integration.synchronized_at,
        }
    }
}

impl Integration {
    /// One that can be connected, and that nobody began to connect.
    pub fn not_started(organization: &OrganizationId, connector: &ConnectorKind) -> Self {
        Self {
            id: integration::id(organization, connector),
            connector: connector.to_string(),
            state: Lifecycle::NotStarted.to_string(),
            reason: None,
            account: None,
            bot_user: None,
            scopes: Vec::new(),
            requested_by: None,
            pending_until: None,
            last_failure: None,
            authorized_at: None,
            changed_at: None,
            synchronized_at: None,
        }
    }

    /// The kind of system.
    pub fn connector(&self) -> &str {
        &self.connector
    }
}

/// The request of `integration.v1.synchronize` and `.validate`, and what the others begin with.
#[derive(Debug, Serialize)]
pub(crate) struct Target<'a> {
    #[serde(flatten)]
    identity: Identity<'a>,
    connector: &'a ConnectorKind,
}

impl<'a> Target<'a> {
    /// A command about the connection of whoever asks.
    pub fn of(asker: &'a Asker, connector: &'a ConnectorKind) -> Self {
        Self {
            identity: asker.identity(),
            connector,
        }
    }
}

/// The error of a command about a connector that stands in the path: one that isn't known isn't found. The other words of a
/// service that can't read a request are not for whoever made none of it.
pub(crate) fn of_connector(error: request::Error) -> Error {
    match error {
        request::Error::Service { code: 400, .. } => Error::no_such("connector"),
        other => other.into(),
    }
}
