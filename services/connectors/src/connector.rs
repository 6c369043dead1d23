//! What every connector can do. Nothing here knows a word of one provider.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::Router;
use infragpt_events::{
    ConnectorKind,
    integration::{Account, Connected, Resource, ResourceKind},
};
use infragpt_nats::{Call, FactPublisher, Log, ServiceError};
use infragpt_vault::{Credential, RefreshError, Secret, Vault};
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::Tool;

/// Work that somebody else runs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Why work ended that should have gone on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One kind of external system: how it is connected, asked, listened to and let go.
#[async_trait]
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// How the system is called in the events.
    fn kind(&self) -> ConnectorKind;

    /// Where a person's browser is sent to allow a connection; whoever asks adds the parameter `state`. It asks nobody.
    ///
    /// # Errors
    /// [`Failure::NotConfigured`] where the application's OAuth client isn't configured.
    fn begin(&self, begin: &Begin) -> Result<Url, Failure>;

    /// What somebody brought back, verified with the provider.
    ///
    /// # Errors
    /// [`Failure`]; whatever it is, what was brought back is used up.
    async fn complete(&self, returned: &Returned) -> Result<Completion, Failure>;

    /// How the connection is, as the provider says now.
    ///
    /// # Errors
    /// [`Failure`] when that isn't known: it says nothing about the connection. [`Failure::NotConfigured`] where it can't
    /// be asked without more configuration.
    async fn validate(&self, connected: &Connected, secret: Option<&Secret>) -> Result<Condition, Failure>;

    /// A new credential in exchange for one that ends soon.
    ///
    /// # Errors
    /// [`Failure::Refused`] when there will never be one.
    async fn refresh(&self, secret: &Secret) -> Result<Credential, Failure>;

    /// Ends the connection at the provider; one that has ended there already is a success.
    ///
    /// # Errors
    /// [`Failure`] when it isn't known to have ended.
    async fn revoke(&self, connected: &Connected, secret: Option<&Secret>) -> Result<(), Failure>;

    /// Everything that the connection may see.
    ///
    /// # Errors
    /// [`Failure`] when not all of it could be read: half a list would withdraw the other half.
    async fn synchronize(&self, connected: &Connected, secret: Option<&Secret>) -> Result<Vec<Listing>, Failure>;

    /// The inbound half: it verifies, stores and only then acknowledges.
    fn subscribe(&self, publisher: FactPublisher, shutdown: CancellationToken) -> Inbound;

    /// What is served as `connector.v1.<kind>.<name>` by the role that holds the vault.
    fn operations(self: Arc<Self>, _vault: Vault) -> Vec<Operation> {
        Vec::new()
    }

    /// What is served to agents as `tool.v1.<kind>.<name>` by the role that holds the vault, which verifies the grants.
    fn tools(self: Arc<Self>, _vault: Vault) -> Vec<Tool> {
        Vec::new()
    }

    /// What the role that holds the vault does in the background until `shutdown`, if anything.
    fn duty(self: Arc<Self>, _log: Log, _shutdown: CancellationToken) -> Option<BoxFuture<()>> {
        None
    }
}

/// Somebody wants to allow a connection.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The public address, below which the provider sends the browser back: `<redirect_base>/oauth/<kind>/callback`.
    pub redirect_base: Url,
    /// The account that is wanted, where the person named it: one that the product is installed in already.
    pub account: Option<String>,
}

/// What somebody brought back.
#[derive(Debug)]
pub enum Returned {
    /// A browser came back.
    Redirect {
        /// The query, without `state`.
        parameters: BTreeMap<String, String>,
        /// Which journey of this attempt ended, from 1.
        leg: u32,
        /// As in [`Begin`].
        redirect_base: Url,
        /// The account that [`Begin`] or an earlier leg fixed.
        pinned: Option<String>,
    },
    /// An operator's token.
    Token(SecretString),
    /// An account that an operator named. It is checked with the provider where that is configured, else taken as it is
    /// under a made-up name: what is known of it is to be kept then.
    Account(String),
}

/// What came of it.
#[derive(Debug)]
pub enum Completion {
    /// The account's owner allowed it.
    Authorized(Box<Authorization>),
    /// The browser has to go on.
    Redirect {
        /// Where; whoever asked adds the next leg's `state`.
        url: Url,
        /// The account that is fixed for the next leg.
        account: Option<String>,
    },
    /// Somebody else has to decide at the provider first. A sentence for the one who came back.
    Waiting(String),
}

/// An account's owner allowed the product in.
#[derive(Debug)]
pub struct Authorization {
    /// The account.
    pub account: Account,
    /// The user that the product acts as there, if it has one.
    pub bot_user: Option<String>,
    /// What is allowed, in the provider's words, sorted.
    pub scopes: Vec<String>,
    /// What is to be kept in the vault, if anything.
    pub credential: Option<Credential>,
}

/// How a connection is at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It works.
    Working {
        /// What is allowed now, sorted, where the provider tells.
        scopes: Option<Vec<String>>,
    },
    /// The account's owner paused it. Why, for people.
    Suspended(String),
    /// The account's owner ended it. Why, for people.
    Gone(String),
    /// It doesn't work until somebody does something. What, for people.
    Broken(String),
}

/// All resources of one kind that a connection may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The kind.
    pub kind: ResourceKind,
    /// All of that kind.
    pub resources: Vec<Resource>,
}

/// The inbound half of a connector.
#[derive(Default)]
pub struct Inbound {
    /// The HTTP endpoints, for the public listener.
    pub routes: Router,
    /// A connection that is held until the shutdown; it ends before that only when going on makes no sense.
    pub running: Option<BoxFuture<Result<(), BoxError>>>,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Inbound")
            .field("running", &self.running.is_some())
            .finish_non_exhaustive()
    }
}

/// Serves one request.
pub type Run = Arc<dyn Fn(Call) -> BoxFuture<Result<Value, ServiceError>> + Send + Sync>;

/// Something that other roles can ask for.
#[derive(Clone)]
pub struct Operation {
    /// The last token of its subject.
    pub name: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// Does it.
    pub run: Run,
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Operation")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why there is no result. Every sentence is for people and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The operator has to configure something first, or what is configured is wrong.
    #[error("{0}")]
    NotConfigured(String),
    /// The person said no.
    #[error("{0}")]
    Denied(String),
    /// The provider refuses for good. What to do about it.
    #[error("{0}")]
    Refused(String),
    /// The credential is dead.
    #[error("{0}")]
    Unauthorized(String),
    /// The provider wants fewer requests: not before this time has passed.
    #[error("the provider asks to wait {} seconds", .0.as_secs())]
    RateLimited(Duration),
    /// The provider can't be reached, or what it answered can't be understood. It may work later.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Failure> for RefreshError {
    /// Only what the provider says of this credential ends it: a wrong configuration can be put right.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(reason) | Failure::Refused(reason) | Failure::Unauthorized(reason) => Self::Refused(reason),
            Failure::NotConfigured(reason) | Failure::Unavailable(reason) => Self::Unavailable(reason),
            limited @ Failure::RateLimited(_) => Self::Unavailable(limited.to_string()),
        }
    }
}
