//! The secrets of a local installation: made once, kept in its data directory.

use std::{collections::BTreeMap, fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
use infragpt_vault::KeyRing;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::configuration::NatsUser;

/// What a local installation keeps secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// The password of each NATS user.
    pub nats: BTreeMap<String, String>,
    /// The key that signs grants.
    pub grant: String,
    /// The keys of the vault; a directory of an older build has none yet.
    #[serde(default)]
    pub encryption: String,
}

impl Secrets {
    /// Reads the secrets of `directory`, making them the first time.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn load_or_create(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("secrets.json");
        let known: Option<Self> = match fs::read(&path) {
            Ok(bytes) => Some(
                serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} can't be read: delete it to start afresh", path.display()))?,
            ),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{} can't be read", path.display())),
        };
        let is_complete = known.as_ref().is_some_and(|secrets| !secrets.encryption.is_empty());
        let mut secrets = known.unwrap_or_else(|| Self {
            nats: BTreeMap::new(),
            grant: random(),
            encryption: String::new(),
        });
        if !is_complete {
            KeyRing::generate().expose_secret().clone_into(&mut secrets.encryption);
        }
        secrets.complete();
        if !is_complete {
            secrets.write(&path)?;
        }
        Ok(secrets)
    }

    /// Written beside and renamed, so that a crash leaves the old file or the new one.
    fn write(&self, path: &Path) -> anyhow::Result<()> {
        let partial = path.with_extension("partial");
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .with_context(|| format!("{} can't be written", partial.display()))?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        fs::rename(&partial, path).with_context(|| format!("{} can't be written", path.display()))
    }

    /// A user that came with a newer build gets a password of its own, the same each time.
    fn complete(&mut self) {
        for user in NatsUser::ALL {
            let derived = Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                format!("{}{}", self.grant, user.as_str()).as_bytes(),
            );
            self.nats
                .entry(user.as_str().to_owned())
                .or_insert_with(|| format!("p{}", derived.simple()));
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a secret is the one thing that has to be random"
)]
fn random() -> String {
    format!("k{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
