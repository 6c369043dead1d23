//! What is recorded for an audit.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ConnectorKind, aggregate::domain_events};

domain_events! {
    /// What happens to an audit record: it is written, once.
    pub enum AuditEvent of "audit" {
        /// Something was done, or refused.
        Recorded = "recorded" v 3,
    }
}

/// What was done, or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditedAction {
    /// A credential was opened.
    CredentialRead,
    /// Somebody came back from an external system with something that isn't theirs, or isn't good any more.
    AuthorizationRefused,
    /// A credential was sealed.
    CredentialStored,
    /// A credential was exchanged for a newer one.
    CredentialRefreshed,
    /// A credential was ended at its provider.
    CredentialRevoked,
    /// A credential can't be opened by anybody any more.
    CredentialShredded,
    /// Somebody asked for what they may not do.
    AccessRefused,
    /// An operator had a message handled again.
    Redelivered,
    /// An operator had a dead letter tried again.
    DeadLetterRetried,
    /// An operator threw a dead letter away.
    DeadLetterDiscarded,
}

impl AuditedAction {
    /// The action as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CredentialRead => "credential_read",
            Self::AuthorizationRefused => "authorization_refused",
            Self::CredentialStored => "credential_stored",
            Self::CredentialRefreshed => "credential_refreshed",
            Self::CredentialRevoked => "credential_revoked",
            Self::CredentialShredded => "credential_shredded",
            Self::AccessRefused => "access_refused",
            Self::Redelivered => "redelivered",
            Self::DeadLetterRetried => "dead_letter_retried",
            Self::DeadLetterDiscarded => "dead_letter_discarded",
        }
    }
}

impl fmt::Display for AuditedAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Something was done, or refused. Who did it stands in the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// What.
    pub action: AuditedAction,
    /// The kind of system, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorKind>,
    /// The integration, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Uuid>,
    /// What for, for a credential; what was asked for, where it was refused; on what, as `<stream>#<sequence>` or
    /// `<stream>#<first>-<last>`, where an operator did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why it was refused or failed; nothing where it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Why an operator did it, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How often between the first time and the last: what happens often is recorded together.
    pub count: u64,
    /// The first time.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
}
