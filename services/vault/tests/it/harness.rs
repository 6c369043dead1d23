//! A nats-server with the streams and users of the product, and vaults on it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use infragpt_events::{
    ConnectorKind, OrganizationId,
    credential::{self, CredentialEvent},
};
use infragpt_local::NatsServer;
use infragpt_nats::{
    AggregateSubject, Cause, Connection, ConnectionConfiguration, CredentialKeyId, CredentialKeys, Definitions,
    EventStore,
    definition::{self, SERVER_CONFIGURATION},
};
use infragpt_vault::{Credential, KeyRing, Owner, Purpose, Reader, Secret, Vault};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A server, and keys for the vaults on it.
pub struct Installation {
    pub server: NatsServer,
    pub keys: SecretString,
    directory: TempDir,
}

impl Installation {
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("infragpt-vault-").tempdir().unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment).await;
        let installation = Self {
            server: server.unwrap(),
            keys: KeyRing::generate(),
            directory,
        };
        let admin = installation.connect("admin").await;
        Definitions::embedded(1).unwrap().apply(&admin).await.unwrap();
        installation
    }

    pub async fn connect(&self, user: &str) -> Connection {
        Connection::connect(&ConnectionConfiguration {
            url: self.server.url(),
            user: user.to_owned(),
            password: password(user).into(),
            name: "test".to_owned(),
        })
        .await
        .unwrap()
    }

    /// A vault as another process would have it: with a connection of its own.
    pub async fn vault(&self) -> Vault {
        self.vault_with(&self.keys).await
    }

    pub async fn vault_with(&self, keys: &SecretString) -> Vault {
        Vault::new(&self.connect("integrations").await, KeyRing::parse(keys).unwrap(), now)
    }

    /// `newer` as the current key, before those that there are.
    pub fn keys_with(&self, newer: &SecretString) -> SecretString {
        format!("{},{}", newer.expose_secret(), self.keys.expose_secret()).into()
    }

    pub async fn store(&self) -> EventStore {
        EventStore::new(&self.connect("integrations").await)
    }

    pub async fn data_keys(&self) -> CredentialKeys {
        CredentialKeys::new(&self.connect("integrations").await)
    }

    /// What happened to an owner's credential, as the log has it.
    pub async fn history(&self, owner: &Owner) -> Vec<CredentialEvent> {
        let history = self
            .store()
            .await
            .history::<credential::Credential>(&subject(owner))
            .await
            .unwrap();
        history.into_iter().map(|(_, event)| event).collect()
    }

    /// How many files of the server's store have `bytes` in them.
    pub fn files_with(&self, bytes: &[u8]) -> usize {
        files_under(&self.directory.path().join("nats"))
            .iter()
            .filter(|file| {
                // A file may be gone: the server compacts.
                std::fs::read(file).is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
            })
            .count()
    }
}

fn files_under(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: its vaults run by the real clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

pub fn owner(organization: &str) -> Owner {
    Owner::new(
        OrganizationId::parse(organization).unwrap(),
        ConnectorKind::parse("forge").unwrap(),
    )
}

pub fn subject(owner: &Owner) -> AggregateSubject {
    AggregateSubject::new::<credential::Credential>(&owner.organization, owner.integration)
}

pub fn key_id(owner: &Owner, generation: u32) -> CredentialKeyId {
    CredentialKeyId {
        organization: owner.organization.clone(),
        integration: owner.integration,
        generation,
    }
}

/// A credential that does not expire.
pub fn lasting(secret: &str) -> Credential {
    Credential {
        secret: Secret::new(secret.as_bytes().to_vec()),
        expires_at: None,
    }
}

/// A credential that expires in `seconds`.
pub fn expiring(secret: &str, seconds: i64) -> Credential {
    Credential {
        expires_at: Some(now() + TimeDelta::seconds(seconds)),
        ..lasting(secret)
    }
}

pub fn cause(id: &str) -> Cause {
    Cause {
        id: id.to_owned(),
        correlation: "case-1".to_owned(),
        actor: "user:maya".to_owned(),
        time: now(),
        traceparent: None,
        origin: infragpt_nats::Origin::default(),
    }
}

pub fn reader() -> Reader {
    Reader {
        actor: "user:maya".to_owned(),
        correlation: Some("case-1".to_owned()),
        origin: infragpt_nats::Origin::default(),
    }
}

/// The secret that `vault` opens, as text.
pub async fn read(vault: &Vault, owner: &Owner) -> Result<String, infragpt_vault::Error> {
    let opened = vault.read(owner, Purpose::Read, &reader()).await?;
    Ok(String::from_utf8(opened.credential.expose().to_vec()).unwrap())
}

/// Runs `vault` until the guard is dropped.
pub fn run(vault: &Vault) -> (tokio::task::JoinHandle<()>, CancellationToken) {
    let (vault, stop) = (vault.clone(), CancellationToken::new());
    let token = stop.clone();
    (tokio::spawn(async move { vault.run(token).await }), stop)
}

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while tokio::time::Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited for {what} in vain");
}
