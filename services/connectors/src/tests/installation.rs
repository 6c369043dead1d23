use std::collections::BTreeMap;

use infragpt_local::NatsServer;
use infragpt_nats::{
    Connection, ConnectionConfiguration, Definitions,
    definition::{self, SERVER_CONFIGURATION},
};
use infragpt_vault::{KeyRing, Vault};
use secrecy::SecretString;
use tempfile::TempDir;

use super::world::now;

/// A nats-server with the streams and users of the product, and vaults on it.
pub struct Installation {
    server: NatsServer,
    keys: SecretString,
    _directory: TempDir,
}

impl Installation {
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("infragpt-connectors-")
            .tempdir()
            .unwrap();
        let environment: BTreeMap<_, _> = definition::users()
            .map(|user| (definition::password_variable(user), SecretString::from(password(user))))
            .collect();
        let server = NatsServer::start_in(directory.path(), SERVER_CONFIGURATION, environment).await;
        let installation = Self {
            server: server.unwrap(),
            keys: KeyRing::generate(),
            _directory: directory,
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

    /// A vault as another process would have it.
    pub async fn vault(&self) -> Vault {
        Vault::new(
            &self.connect("integrations").await,
            KeyRing::parse(&self.keys).unwrap(),
            now,
        )
    }
}

fn password(user: &str) -> String {
    format!("password-of-{user}")
}
