//! Which organization an external account belongs to: the bucket `CONNECTOR_ACCOUNTS`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::HeaderMap;
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, OrganizationId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Connection, Rehearsal, Token, direct, publish};

const STREAM: &str = "KV_CONNECTOR_ACCOUNTS";

/// The header that marks a key as deleted: <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-8.md>
const OPERATION: &str = "KV-Operation";

/// How long a claim is believed that was read before. Every fact asks for its account's claim. That nobody has an
/// account is never remembered.
const KNOWN_FOR: Duration = Duration::from_secs(2);
/// How long an account that an organization let go can't be claimed by another one: longer than anybody believes the
/// old claim, so that no fact of the new owner reaches the old one.
const HELD_FOR: Duration = Duration::from_secs(5);
/// More accounts than this are forgotten all at once.
const MOST_KNOWN: usize = 10_000;
/// How often a claim is tried again after losing a race.
const TRIES: usize = 5;

/// Who an account belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The organization.
    pub organization: OrganizationId,
    /// Its integration.
    pub integration: Uuid,
    /// When another organization let the account go: what the account said until then is not this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<DateTime<Utc>>,
}

impl Claim {
    /// A claim of `organization`'s `integration`.
    pub fn new(organization: OrganizationId, integration: Uuid) -> Self {
        Self {
            organization,
            integration,
            after: None,
        }
    }

    /// Whether both are the same integration's.
    fn is_same_owner(&self, other: &Self) -> bool {
        self.organization == other.organization && self.integration == other.integration
    }

    /// Whether what was stored at `time` is this organization's.
    pub fn covers(&self, time: DateTime<Utc>) -> bool {
        self.after.is_none_or(|after| time > after)
    }
}

/// An account that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedAccount {
    /// The kind of system.
    pub connector: ConnectorKind,
    /// The account there.
    pub account: String,
    /// Whose it is.
    pub claim: Claim,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The entry that says so.
    pub sequence: u64,
}

impl ClaimedAccount {
    /// Whether it is the integration's that `claim` is for.
    pub fn is_of(&self, claim: &Claim) -> bool {
        self.claim.is_same_owner(claim)
    }
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
}

/// The accounts, as far as `connection`'s role may use them.
#[derive(Debug, Clone)]
pub struct Accounts {
    connection: Connection,
    known: Arc<Mutex<HashMap<String, (Instant, Claim)>>>,
}

/// Looks up whose account it is: now, or as it was.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// As of two seconds ago at most.
    Now(Accounts),
    /// As of a rehearsal's moment.
    AsItWas(Rehearsal),
}

impl Lookup {
    /// Whose account it is, or was, if anyone's.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be read.
    pub async fn find(&self, connector: &ConnectorKind, account: &str) -> Result<Option<Claim>, Error> {
        match self {
            Self::Now(accounts) => accounts.find(connector, account).await,
            Self::AsItWas(rehearsal) => Ok(rehearsal.claim(connector, account)),
        }
    }
}

impl Accounts {
    /// The accounts with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            known: Arc::default(),
        }
    }

    /// Whose account it is, if anyone's, as of two seconds ago at most.
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
        let found = self.entry(&key).await?.and_then(Entry::held);
        if let Some(claim) = &found {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(key, (asked, claim.clone()));
        }
        Ok(found)
    }

    /// Whose account it is, if anyone's, as of now.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be read.
    pub async fn find_now(&self, connector: &ConnectorKind, account: &str) -> Result<Option<ClaimedAccount>, Error> {
        let entry = self.entry(&key(connector, account)).await?;
        Ok(entry.and_then(|entry| entry.claimed(connector.clone(), account.to_owned())))
    }

    /// Whose account it is, or whose it was last, as of now.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be read.
    pub async fn find_last(&self, connector: &ConnectorKind, account: &str) -> Result<Option<Claim>, Error> {
        let entry = self.entry(&key(connector, account)).await?;
        Ok(entry.and_then(|entry| match entry.content {
            Content::Held(claim) | Content::Released(claim) => Some(claim),
            Content::Unreadable => None,
        }))
    }

    async fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        let stored = direct::last_value(&self.connection.client, STREAM, &subject(key)).await?;
        Ok(stored.map(|stored| Entry::read(key, &stored)))
    }

    /// Every account that somebody has.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be read.
    pub async fn all(&self) -> Result<Vec<ClaimedAccount>, Error> {
        let prefix = subject("");
        let stored = direct::read_stored(&self.connection.client, STREAM, &format!("{prefix}>"), 1).await?;
        let mut all = Vec::new();
        for stored in stored {
            let key = stored.subject.strip_prefix(&prefix).unwrap_or_default();
            let entry = Entry::read(key, &stored);
            let named = key.split_once('.').and_then(|(connector, account)| {
                Some((ConnectorKind::parse(connector).ok()?, Token::decode(account)?))
            });
            if let Some((connector, account)) = named {
                all.extend(entry.claimed(connector, account));
            }
        }
        Ok(all)
    }

    /// Claims an account, atomically: of two organizations at once exactly one has it then. An account that another
    /// organization has just let go takes five seconds.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be used.
    pub async fn claim(&self, connector: &ConnectorKind, account: &str, claim: &Claim) -> Result<ClaimOutcome, Error> {
        let key = key(connector, account);
        for _ in 0..TRIES {
            let entry = self.entry(&key).await?;
            let expected = entry.as_ref().map_or(0, |entry| entry.sequence);
            let after = match entry.map(|entry| (entry.content, entry.written)) {
                None => None,
                Some((Content::Held(held), _)) => {
                    return Ok(if held.is_same_owner(claim) {
                        ClaimOutcome::AlreadyOurs
                    } else {
                        ClaimOutcome::Taken
                    });
                }
                Some((Content::Released(released), _)) if released.is_same_owner(claim) => released.after,
                Some((Content::Released(_) | Content::Unreadable, written)) => {
                    tokio::time::sleep(HELD_FOR).await;
                    Some(written)
                }
            };
            let claim = Claim { after, ..claim.clone() };
            if self.write(&key, expected, &claim, HeaderMap::new()).await? {
                return Ok(ClaimOutcome::Claimed);
            }
        }
        Ok(ClaimOutcome::Taken)
    }

    /// Lets an account go, so that others can claim it, unless somebody claimed it since `claimed` was read.
    ///
    /// # Errors
    /// [`Error`] when the bucket can't be used.
    pub async fn release(&self, claimed: &ClaimedAccount) -> Result<(), Error> {
        let key = key(&claimed.connector, &claimed.account);
        // The marker of the key-value protocol, so that `nats kv` understands it too; it keeps whose it was.
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, "DEL");
        self.write(&key, claimed.sequence, &claimed.claim, headers).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        Ok(())
    }

    /// Writes an entry if its last one is `expected`; says whether it was.
    async fn write(&self, key: &str, expected: u64, claim: &Claim, mut headers: HeaderMap) -> Result<bool, Error> {
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
        let payload = serde_json::to_vec(claim).map_err(|error| Error::Write(error.to_string()))?;
        match publish::publish(&self.connection.client, subject(key), headers, payload.into()).await {
            Ok(_) => Ok(true),
            Err(publish::Error::Conflict) => Ok(false),
            Err(error) => Err(Error::Write(error.to_string())),
        }
    }
}

/// What the bucket has of an account.
struct Entry {
    content: Content,
    sequence: u64,
    written: DateTime<Utc>,
}

enum Content {
    /// Somebody has it.
    Held(Claim),
    /// Somebody had it.
    Released(Claim),
    /// Nobody can tell: it is nobody's, until somebody claims it.
    Unreadable,
}

impl Entry {
    fn read(key: &str, stored: &direct::Stored) -> Self {
        let content = match serde_json::from_slice(&stored.payload) {
            Ok(claim) if !stored.is_copied() && stored.headers.get(OPERATION).is_some() => Content::Released(claim),
            Ok(claim) if !stored.is_copied() => Content::Held(claim),
            _ => {
                tracing::error!(
                    key,
                    sequence = stored.sequence,
                    "The entry of account `{key}` is no claim: somebody else wrote there"
                );
                Content::Unreadable
            }
        };
        Self {
            content,
            sequence: stored.sequence,
            written: stored.published,
        }
    }

    fn held(self) -> Option<Claim> {
        match self.content {
            Content::Held(claim) => Some(claim),
            Content::Released(_) | Content::Unreadable => None,
        }
    }

    fn claimed(self, connector: ConnectorKind, account: String) -> Option<ClaimedAccount> {
        let (since, sequence) = (self.written, self.sequence);
        self.held().map(|claim| ClaimedAccount {
            connector,
            account,
            claim,
            since,
            sequence,
        })
    }
}

fn key(connector: &ConnectorKind, account: &str) -> String {
    format!("{connector}.{}", Token::encode(account))
}

fn subject(key: &str) -> String {
    format!("$KV.CONNECTOR_ACCOUNTS.{key}")
}
