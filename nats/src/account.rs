//! Which organization an external account belongs to: the bucket `CONNECTOR_ACCOUNTS`.

use async_nats::HeaderMap;
use infragpt_events::{ConnectorKind, OrganizationId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Connection, Token, direct, publish};

const BUCKET: &str = "CONNECTOR_ACCOUNTS";

/// Who an account belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The organization.
    pub organization: OrganizationId,
    /// Its integration.
    pub integration: Uuid,
}

/// What came of claiming an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is ours from now on.
    Claimed,
    /// It was ours before.
    AlreadyOurs,
    /// Another organization has it.
    Taken,
}

/// Why the bucket can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error("the accounts can't be read")]
    Read(#[from] direct::Error),
    /// It can't be written.
    #[error("the account can't be claimed: {0}")]
    Write(String),
    /// An entry isn't what it should be.
    #[error("the entry of account `{key}` can't be read")]
    Entry {
        /// Which entry.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// The accounts, as far as `connection`'s role may use them.
#[derive(Debug, Clone)]
pub struct Accounts {
    connection: Connection,
}

impl Accounts {
    /// The accounts with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
        }
    }

    /// Whose account it is, if anyone's.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be read.
    pub async fn find(&self, connector: &ConnectorKind, account: &str) -> Result<Option<Claim>, Error> {
        let key = key(connector, account);
        let Some(entry) = direct::last_value(&self.connection.client, &format!("KV_{BUCKET}"), &subject(&key)).await?
        else {
            return Ok(None);
        };
        serde_json::from_slice(&entry.value)
            .map(Some)
            .map_err(|source| Error::Entry { key, source })
    }

    /// Claims an account, atomically: of two organizations at once exactly one has it then.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be used.
    pub async fn claim(&self, connector: &ConnectorKind, account: &str, claim: &Claim) -> Result<ClaimOutcome, Error> {
        let subject = subject(&key(connector, account));
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
        let payload = serde_json::to_vec(claim).map_err(|error| Error::Write(error.to_string()))?;
        match publish::publish(&self.connection.client, subject, headers, payload.into()).await {
            Ok(_) => Ok(ClaimOutcome::Claimed),
            Err(publish::Error::Conflict) => Ok(match self.find(connector, account).await? {
                Some(found) if found == *claim => ClaimOutcome::AlreadyOurs,
                _ => ClaimOutcome::Taken,
            }),
            Err(error) => Err(Error::Write(error.to_string())),
        }
    }
}

fn key(connector: &ConnectorKind, account: &str) -> String {
    format!("{connector}.{}", Token::encode(account))
}

fn subject(key: &str) -> String {
    format!("$KV.{BUCKET}.{key}")
}
