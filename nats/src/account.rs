//! Which organization an external account belongs to: the bucket `CONNECTOR_ACCOUNTS`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::HeaderMap;
use infragpt_events::{ConnectorKind, OrganizationId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Connection, Token, direct, publish};

const BUCKET: &str = "CONNECTOR_ACCOUNTS";

/// How long a claim is believed that was read before. Every fact asks for its account's claim, and no service changes
/// one; what an administrator removes is gone after this long. That nobody has an account is never remembered.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// More accounts than this are forgotten all at once.
const MOST_KNOWN: usize = 10_000;

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
    known: Arc<Mutex<HashMap<String, (Instant, Claim)>>>,
}

impl Accounts {
    /// The accounts with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            known: Arc::default(),
        }
    }

    /// Whose account it is, if anyone's, as of ten seconds ago at most.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be read.
    pub async fn find(&self, connector: &ConnectorKind, account: &str) -> Result<Option<Claim>, Error> {
        let key = key(connector, account);
        let known = |known: &HashMap<String, (Instant, Claim)>| {
            let (read, claim) = known.get(&key)?;
            (read.elapsed() < KNOWN_FOR).then(|| claim.clone())
        };
        if let Some(claim) = known(&self.known.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(Some(claim));
        }
        let asked = Instant::now();
        let found = self.read(key.clone()).await?;
        if let Some(claim) = &found {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(key, (asked, claim.clone()));
        }
        Ok(found)
    }

    async fn read(&self, key: String) -> Result<Option<Claim>, Error> {
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
        let key = key(connector, account);
        let subject = subject(&key);
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
        let payload = serde_json::to_vec(claim).map_err(|error| Error::Write(error.to_string()))?;
        match publish::publish(&self.connection.client, subject, headers, payload.into()).await {
            Ok(_) => Ok(ClaimOutcome::Claimed),
            Err(publish::Error::Conflict) => Ok(match self.read(key).await? {
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
