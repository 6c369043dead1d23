//! Slack as a [`Connector`].

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, integration::Connected};
use infragpt_nats::FactPublisher;
use infragpt_vault::{Credential, Secret, Vault};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Configuration, Error, interpretation::connector, outbound, socket, web_api::WebApi, webhook};
use crate::{
    Begin, Completion, Condition, Connector, Failure, Inbound, Listing, Operation, Returned, connector::BoxError,
    http::Client,
};

/// The Slack application.
#[derive(Debug)]
pub struct Slack {
    pub(super) configuration: Configuration,
    pub(super) api: WebApi,
    pub(super) clock: fn() -> DateTime<Utc>,
}

impl Slack {
    /// The application as it is configured. `clock` tells the time.
    ///
    /// # Errors
    /// [`Error`] when a value can't work, or TLS can't be set up.
    pub fn new(configuration: &Configuration, clock: fn() -> DateTime<Utc>) -> Result<Self, Error> {
        configuration.check()?;
        let http = Client::new("slack", clock).map_err(Error::Client)?;
        Ok(Self {
            api: WebApi::new(http, &configuration.api_url),
            configuration: configuration.clone(),
            clock,
        })
    }
}

#[async_trait]
impl Connector for Slack {
    fn kind(&self) -> ConnectorKind {
        connector()
    }

    fn begin(&self, begin: &Begin) -> Result<Url, Failure> {
        self.consent_page(begin)
    }

    async fn complete(&self, returned: &Returned) -> Result<Completion, Failure> {
        self.authorize(returned).await
    }

    async fn validate(&self, connected: &Connected, secret: Option<&Secret>) -> Result<Condition, Failure> {
        self.probe(connected, secret).await
    }

    async fn refresh(&self, secret: &Secret) -> Result<Credential, Failure> {
        self.rotate(secret).await
    }

    async fn revoke(&self, _connected: &Connected, secret: Option<&Secret>) -> Result<(), Failure> {
        self.uninstall(secret).await
    }

    async fn synchronize(&self, _connected: &Connected, secret: Option<&Secret>) -> Result<Vec<Listing>, Failure> {
        self.list(secret).await
    }

    fn subscribe(&self, publisher: FactPublisher, shutdown: CancellationToken) -> Inbound {
        let running = self.configuration.app_token.is_some().then(|| {
            let held = socket::run(self.configuration.clone(), publisher.clone(), shutdown);
            Box::pin(async move { held.await.map_err(|error| Box::new(error) as BoxError) }) as _
        });
        let routes = webhook::Inbound::new(&self.configuration, publisher, self.clock).map(webhook::router);
        Inbound {
            routes: routes.unwrap_or_default(),
            running,
        }
    }

    fn operations(self: Arc<Self>, vault: Vault) -> Vec<Operation> {
        outbound::operations(&self, &vault)
    }
}
