//! GitHub as a [`Connector`].

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use infragpt_events::{ConnectorKind, integration::Connected};
use infragpt_nats::{FactPublisher, Log};
use infragpt_vault::{Credential, Secret, Vault};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    Configuration, Error, application::Application, installation_token::InstallationTokens, interpretation::connector,
    reconciler, rest::Rest, synchronization::Pages, tools, webhook,
};
use crate::{
    Begin, BoxFuture, Completion, Condition, Connector, Failure, Inbound, Listing, Returned, Tool, http::Client,
};

/// The GitHub App.
#[derive(Debug)]
pub struct Github {
    pub(super) configuration: Configuration,
    pub(super) rest: Rest,
    pub(super) app: Option<App>,
    pub(super) clock: fn() -> DateTime<Utc>,
}

/// What there is only with the App's number and key.
#[derive(Debug)]
pub(super) struct App {
    pub application: Arc<Application>,
    pub tokens: InstallationTokens,
    pub pages: Pages,
}

impl Github {
    /// The App as it is configured; its key is read here. `clock` tells the time.
    ///
    /// # Errors
    /// [`Error`] when a value can't work, or TLS can't be set up.
    pub fn new(configuration: &Configuration, clock: fn() -> DateTime<Utc>) -> Result<Self, Error> {
        configuration.check()?;
        let http = Client::new("github", clock).map_err(Error::Client)?;
        let rest = Rest::new(http, &configuration.api_url, &configuration.web_url);
        let app = configuration.application()?.map(|(id, key)| {
            let application = Arc::new(Application::new(id, key, clock));
            App {
                tokens: InstallationTokens::new(Arc::clone(&application), rest.clone(), clock),
                pages: Pages::default(),
                application,
            }
        });
        Ok(Self {
            configuration: configuration.clone(),
            rest,
            app,
            clock,
        })
    }

    pub(super) fn app(&self) -> Result<&App, Failure> {
        self.app.as_ref().ok_or_else(|| {
            Failure::NotConfigured(
                "GitHub can't be asked without the App's key: set github.app_id and github.private_key".to_owned(),
            )
        })
    }
}

#[async_trait]
impl Connector for Github {
    fn kind(&self) -> ConnectorKind {
        connector()
    }

    fn begin(&self, begin: &Begin) -> Result<Url, Failure> {
        self.page(begin)
    }

    async fn complete(&self, returned: &Returned) -> Result<Completion, Failure> {
        self.authorize(returned).await
    }

    async fn validate(&self, connected: &Connected, _secret: Option<&Secret>) -> Result<Condition, Failure> {
        self.probe(connected).await
    }

    /// Nothing of GitHub is kept in the vault.
    async fn refresh(&self, _secret: &Secret) -> Result<Credential, Failure> {
        Err(Failure::Refused(
            "an installation of the App has no credential of its own".to_owned(),
        ))
    }

    async fn revoke(&self, connected: &Connected, _secret: Option<&Secret>) -> Result<(), Failure> {
        self.uninstall(connected).await
    }

    async fn synchronize(&self, connected: &Connected, _secret: Option<&Secret>) -> Result<Vec<Listing>, Failure> {
        self.list(connected).await
    }

    fn subscribe(&self, publisher: FactPublisher, _shutdown: CancellationToken) -> Inbound {
        let routes = webhook::Inbound::new(&self.configuration, publisher).map(webhook::router);
        Inbound {
            routes: routes.unwrap_or_default(),
            running: None,
        }
    }

    fn tools(self: Arc<Self>, _vault: Vault) -> Vec<Tool> {
        tools::tools(&self)
    }

    fn duty(self: Arc<Self>, log: Log, shutdown: CancellationToken) -> Option<BoxFuture<()>> {
        reconciler::duty(self, log, shutdown)
    }
}
