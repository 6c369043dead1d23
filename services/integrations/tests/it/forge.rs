//! A system that can be connected, and does what a test tells it to.

use std::sync::{Arc, Mutex};

use infragpt_connectors::{
    Authorization, Begin, Completion, Condition, Connector, Failure, Inbound, Listing, Operation, Returned,
};
use infragpt_events::{
    ConnectorKind,
    integration::{Account, Connected, Resource, ResourceKind},
};
use infragpt_nats::FactPublisher;
use infragpt_vault::{Credential, Secret, Vault};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

/// A forge that believes the code `good`, takes its time for `slow`, and sends everybody else away.
#[derive(Debug, Default)]
pub struct Forge {
    /// What it says of connections, where it does not say that they work.
    pub condition: Mutex<Option<Condition>>,
    /// Whether it can't be asked at all.
    pub is_away: Mutex<bool>,
    /// Somebody brought the code `slow`.
    pub is_asked: Notify,
    /// They get their answer.
    pub answers: Notify,
}

pub fn kind() -> ConnectorKind {
    ConnectorKind::parse("forge").unwrap()
}

fn authorization() -> Completion {
    Completion::Authorized(Box::new(Authorization {
        account: Account {
            id: "F1".into(),
            name: "The Forge".into(),
        },
        bot_user: None,
        scopes: vec!["read".into()],
        credential: Some(Credential {
            secret: Secret::new(b"secret".to_vec()),
            expires_at: None,
        }),
    }))
}

#[async_trait::async_trait]
impl Connector for Forge {
    fn kind(&self) -> ConnectorKind {
        kind()
    }

    fn begin(&self, _: &Begin) -> Result<Url, Failure> {
        Ok(Url::parse("https://forge.example/allow").unwrap())
    }

    async fn complete(&self, returned: &Returned) -> Result<Completion, Failure> {
        let Returned::Redirect { parameters, .. } = returned else {
            return Ok(authorization());
        };
        match parameters.get("code").map(String::as_str) {
            Some("good") => Ok(authorization()),
            Some("slow") => {
                self.is_asked.notify_one();
                self.answers.notified().await;
                Ok(authorization())
            }
            Some("again") => Ok(Completion::Redirect {
                url: Url::parse("https://forge.example/prove").unwrap(),
                account: None,
            }),
            Some("later") => Ok(Completion::Waiting("an owner has to approve it".into())),
            _ => Err(Failure::Denied("nobody allowed it".into())),
        }
    }

    async fn validate(&self, _: &Connected, _: Option<&Secret>) -> Result<Condition, Failure> {
        if *self.is_away.lock().unwrap() {
            return Err(Failure::Unavailable("the forge does not answer".into()));
        }
        let condition = self.condition.lock().unwrap().clone();
        Ok(condition.unwrap_or(Condition::Working { scopes: None }))
    }

    async fn refresh(&self, _: &Secret) -> Result<Credential, Failure> {
        Err(Failure::NotConfigured("what it gives does not expire".into()))
    }

    async fn revoke(&self, _: &Connected, _: Option<&Secret>) -> Result<(), Failure> {
        Ok(())
    }

    async fn synchronize(&self, _: &Connected, _: Option<&Secret>) -> Result<Vec<Listing>, Failure> {
        Ok(vec![Listing {
            kind: ResourceKind::Repository,
            resources: vec![Resource {
                kind: ResourceKind::Repository,
                id: "1".into(),
                name: "forge/1".into(),
                url: None,
                private: false,
            }],
        }])
    }

    fn subscribe(&self, _: FactPublisher, _: CancellationToken) -> Inbound {
        Inbound::default()
    }

    fn operations(self: Arc<Self>, _: Vault) -> Vec<Operation> {
        vec![]
    }
}
