//! The secrets of a local installation: made once, kept in its data directory.

use std::{collections::BTreeMap, fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::Context as _;
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
}

impl Secrets {
    /// Reads the secrets of `directory`, making them the first time.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn load_or_create(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("secrets.json");
        match fs::read(&path) {
            Ok(bytes) => {
                let mut secrets: Self = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} can't be read: delete it to start afresh", path.display()))?;
                secrets.complete();
                Ok(secrets)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut secrets = Self {
                    nats: BTreeMap::new(),
                    grant: random(),
                };
                secrets.complete();
                let mut file = fs::OpenOptions::new()
                    .create_new(true)
                    .write(true)
                    .mode(0o600)
                    .open(&path)
                    .with_context(|| format!("{} can't be written", path.display()))?;
                file.write_all(serde_json::to_string_pretty(&secrets)?.as_bytes())?;
                Ok(secrets)
            }
            Err(error) => Err(error).with_context(|| format!("{} can't be read", path.display())),
        }
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
