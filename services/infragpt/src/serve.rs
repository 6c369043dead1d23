//! `infragpt serve`: roles until told to stop.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use axum::Router;
use chrono::{DateTime, Utc};
use infragpt_agent::Agent;
use infragpt_api::{self as api, Readiness};
use infragpt_connectors::{self as connectors, Connector, github, slack};
use infragpt_conversations::{Conversations, Settings};
use infragpt_erasure::Erasure;
use infragpt_identity::{Identity, Sessions, clerk};
use infragpt_integrations::{Integrations, Settings as IntegrationSettings};
use infragpt_nats::{Connection, FactPublisher, GrantKey, Subscription, connection};
use infragpt_projections::{self as projections, PgPool, wall::Wall};
use infragpt_vault::KeyRing;
use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    command::{database_url, settings},
    configuration::Configuration,
    failure::Failure,
    metrics,
    role::Role,
};

type Ended = (Role, anyhow::Result<()>);

/// The wall clock: everything that needs the time is handed this.
#[expect(clippy::disallowed_methods, reason = "the one place where the time comes in")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Runs `roles` (all that are configured, when empty) until SIGTERM, Ctrl-C or, if asked for, the end of the standard
/// input.
///
/// # Errors
/// When a role can't be started or ends by itself.
pub async fn run(configuration: &Configuration, roles: &[Role], until_stdin_closes: bool) -> Result<(), Failure> {
    let shutdown = CancellationToken::new();
    stop_on_signals(&shutdown, until_stdin_closes)?;
    let roles: BTreeSet<Role> = if roles.is_empty() {
        Role::ALL.into()
    } else {
        roles.iter().copied().collect()
    };
    let mut serving = Serving::new(configuration, &roles, shutdown.clone())?;
    let mut http = Router::new();
    for role in &roles {
        let Some(connection) = serving.connect(*role).await? else {
            break;
        };
        http = http.merge(serving.start(*role, connection)?);
    }
    if roles.iter().any(|role| role.has_http()) && !shutdown.is_cancelled() {
        let address = configuration.http.listen;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("`http.listen` is {address}, where nothing can listen: is another process there?")
        })?;
        tracing::info!(%address, "Listening on http://{address}");
        let router = api::router(std::mem::take(&mut serving.readiness)).merge(http);
        let stop = shutdown.clone();
        serving.askers += 1;
        serving.running.spawn(async move {
            (
                Role::Api,
                api::serve(listener, router, stop).await.context("HTTP can't be served"),
            )
        });
    }
    if let Some(address) = configuration.http.operator_listen
        && !shutdown.is_cancelled()
    {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("`http.operator_listen` is {address}, where nothing can listen: is another process there?")
        })?;
        tracing::info!(%address, "Operators find http://{address}/metrics");
        let (router, stop) = (metrics::start()?, shutdown.clone());
        serving.askers += 1;
        serving.running.spawn(async move {
            let served = api::serve(listener, router, stop).await;
            (Role::Api, served.context("the operators' listener can't be served"))
        });
    }
    tracing::info!(roles = ?roles.iter().map(ToString::to_string).collect::<Vec<_>>(), "Running");
    serving.until_all_ended().await
}

struct Serving<'a> {
    configuration: &'a Configuration,
    readiness: Readiness,
    shutdown: CancellationToken,
    /// Stops those who answer others, once nobody is left who asks: an answer on its way is finished first.
    answerers_shutdown: CancellationToken,
    running: JoinSet<Ended>,
    askers: usize,
    connections: Vec<Connection>,
    database: Option<PgPool>,
    grants: Option<GrantKey>,
    connectors: Vec<Arc<dyn Connector>>,
    api: Option<api::v1::Settings>,
    keys: Option<KeyRing>,
}

impl<'a> Serving<'a> {
    /// Checks that what the roles need is configured, before anything is started.
    fn new(
        configuration: &'a Configuration,
        roles: &BTreeSet<Role>,
        shutdown: CancellationToken,
    ) -> Result<Self, Failure> {
        let needs = |wanted: &[Role]| roles.iter().any(|role| wanted.contains(role));
        for role in roles {
            settings(configuration, role.user())?;
        }
        let readiness = Readiness::new();
        let database = if needs(&[Role::Projections, Role::Queries]) {
            let pool = projections::connect(database_url(configuration)?, "infragpt").map_err(Failure::usage)?;
            Some(pool)
        } else {
            None
        };
        let grants = if needs(&[Role::Conversations, Role::Integrations, Role::Queries]) {
            Some(grant_key(configuration.grant.key.as_ref())?)
        } else {
            None
        };
        let keys = if needs(&[Role::Integrations]) {
            Some(key_ring(configuration.encryption.keys.as_ref())?)
        } else {
            None
        };
        let connectors = connectors::configured(&configuration.slack, &configuration.github, now);
        let connectors = connectors.map_err(Failure::usage)?;
        let api = if needs(&[Role::Api]) {
            Some(api_settings(configuration, &connectors)?)
        } else {
            None
        };
        Ok(Self {
            configuration,
            readiness,
            shutdown,
            answerers_shutdown: CancellationToken::new(),
            askers: 0,
            running: JoinSet::new(),
            connections: Vec::new(),
            database,
            grants,
            connectors,
            api,
            keys,
        })
    }

    /// Connects as the role's user, waiting for the server; `None` when told to stop meanwhile.
    async fn connect(&mut self, role: Role) -> Result<Option<Connection>, Failure> {
        let settings = settings(self.configuration, role.user())?;
        let mut waited = false;
        loop {
            match Connection::connect(&settings).await {
                Ok(connection) => {
                    self.connections.push(connection.clone());
                    return Ok(Some(connection));
                }
                Err(error @ connection::Error::Unreachable { .. }) => {
                    if !waited {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "Waiting for NATS at {}",
                            settings.url
                        );
                        waited = true;
                    }
                }
                Err(error @ (connection::Error::Refused { .. } | connection::Error::TooOld { .. })) => {
                    return Err(Failure::usage(error));
                }
            }
            if self
                .shutdown
                .run_until_cancelled(tokio::time::sleep(Duration::from_millis(200)))
                .await
                .is_none()
            {
                return Ok(None);
            }
        }
    }

    /// Starts a role and returns what it serves over HTTP.
    fn start(&mut self, role: Role, connection: Connection) -> Result<Router, Failure> {
        let watched = connection.clone();
        self.readiness.add(format!("nats.{role}"), move || {
            let connected = watched.is_connected();
            async move { connected.then_some(()).ok_or_else(|| "not connected".to_owned()) }
        });
        match role {
            Role::Slack | Role::Github => return Ok(self.inbound(role, &connection)),
            Role::Clerk => return self.clerk(&connection),
            Role::Api => return self.api(connection),
            Role::Handlers => {
                let slack = Subscription::new(&connection, "RAW_SLACK", "slack_handler");
                let github = Subscription::new(&connection, "RAW_GITHUB", "github_handler");
                let clerk = Subscription::new(&connection, "RAW_CLERK", "clerk_handler");
                let backlog = Subscription::new(&connection, "EVENTS", "connections");
                let stop = self.shutdown.clone();
                self.spawn(role, slack.run(slack::Handler::new(&connection), stop.clone()));
                self.spawn(role, github.run(github::Handler::new(&connection), stop.clone()));
                self.spawn(role, clerk.run(clerk::Handler::new(&connection), stop.clone()));
                self.spawn(role, backlog.run(github::Backlog::new(&connection), stop));
            }
            Role::Conversations => {
                let conversations = Conversations::new(&connection, self.grants()?, Settings::default(), now);
                self.spawn(role, conversations.run(self.shutdown.clone()));
            }
            Role::Identity => {
                let identity = Identity::new(&connection, now);
                self.spawn(role, identity.run(self.answerers_shutdown.clone()));
            }
            Role::Erasure => {
                let delay = Duration::from_secs(self.configuration.erasure.delay_seconds);
                let erasure = Erasure::new(&connection, now).delay(delay);
                self.spawn(role, erasure.run(self.shutdown.clone()));
            }
            Role::Agent => self.spawn(role, Agent::new(&connection, now).run(self.answerers_shutdown.clone())),
            Role::Integrations => {
                let keys = self.keys.take().ok_or_else(|| anyhow!("the keys were not read"))?;
                let connectors = self.connectors.clone();
                let (grants, settings) = (self.grants()?, self.integration_settings());
                let integrations = Integrations::new(&connection, connectors, keys, grants, settings);
                self.spawn(role, integrations.run(self.answerers_shutdown.clone()));
            }
            Role::Projections => {
                let database = self.database()?;
                self.readiness_of(&database);
                self.spawn(
                    role,
                    projections::Projector::run(connection, database, self.answerers_shutdown.clone()),
                );
            }
            Role::Queries => {
                let database = self.database()?;
                self.readiness_of(&database);
                self.spawn(
                    role,
                    projections::queries::serve(connection, database, self.grants()?, self.answerers_shutdown.clone()),
                );
            }
        }
        Ok(Router::new())
    }

    /// The inbound half of the role's connector, if that is configured.
    fn inbound(&mut self, role: Role, connection: &Connection) -> Router {
        let name = role.to_string();
        let Some(connector) = self.connectors.iter().find(|it| it.kind().as_str() == name) else {
            return Router::new();
        };
        let inbound = connector.subscribe(FactPublisher::new(connection), self.shutdown.clone());
        if let Some(running) = inbound.running {
            self.spawn(role, async move { running.await.map_err(anyhow::Error::from_boxed) });
        }
        inbound.routes
    }

    /// Clerk's webhooks, if their secret is configured.
    fn clerk(&mut self, connection: &Connection) -> Result<Router, Failure> {
        let publisher = FactPublisher::new(connection);
        let inbound = clerk::inbound(&self.configuration.clerk, publisher, now).map_err(Failure::usage)?;
        Ok(inbound.map(|inbound| inbound.routes).unwrap_or_default())
    }

    /// Where people come back to, and `/api/v1` if somebody can sign in.
    fn api(&mut self, connection: Connection) -> Result<Router, Failure> {
        let settings = self
            .api
            .take()
            .ok_or_else(|| anyhow!("the API's settings were not read"))?;
        let sessions = Sessions::new(&self.configuration.clerk, now);
        let pages = api::authorization::routes(connection.clone(), sessions.clone(), settings.proxies().clone());
        let Some(sessions) = sessions else {
            tracing::info!("/api/v1 is off: `clerk.issuer` is not configured");
            return Ok(pages);
        };
        let wall = Wall::connect(database_url(self.configuration)?).map_err(Failure::usage)?;
        let checked = wall.clone();
        self.readiness.add("postgresql.api", move || {
            let wall = checked.clone();
            async move {
                wall.reachable()
                    .await
                    .map_err(|_| "not reachable, or without tables".to_owned())
            }
        });
        let parts = api::v1::Parts {
            wall,
            sessions,
            connection,
            settings,
            clock: now,
        };
        Ok(pages.merge(api::v1::routes(parts)))
    }

    fn integration_settings(&self) -> IntegrationSettings {
        let configured = &self.configuration.integrations;
        IntegrationSettings {
            public_url: self.configuration.http.public_url.clone(),
            probe_every: Duration::from_secs(configured.probe_seconds),
            synchronize_every: Duration::from_secs(configured.synchronize_seconds),
            clock: now,
        }
    }

    fn readiness_of(&mut self, database: &PgPool) {
        let database = database.clone();
        self.readiness.add("postgresql", move || {
            let database = database.clone();
            async move {
                projections::database::reachable(&database)
                    .await
                    .map_err(|_| "not reachable, or without tables".to_owned())
            }
        });
    }

    fn grants(&self) -> Result<GrantKey, Failure> {
        self.grants
            .clone()
            .ok_or_else(|| anyhow!("the grant key was not read").into())
    }

    fn database(&self) -> Result<PgPool, Failure> {
        self.database
            .clone()
            .ok_or_else(|| anyhow!("the database was not configured").into())
    }

    fn spawn<E: Into<anyhow::Error> + Send + 'static>(
        &mut self,
        role: Role,
        work: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        self.askers += usize::from(!role.answers_others());
        self.running
            .spawn(async move { (role, work.await.map_err(Into::into)) });
    }

    /// Waits for the end of all, stopping the others when one ends by itself.
    async fn until_all_ended(mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        loop {
            if self.shutdown.is_cancelled() && self.askers == 0 {
                self.answerers_shutdown.cancel();
            }
            let joined = tokio::select! {
                joined = self.running.join_next() => joined,
                () = self.shutdown.cancelled(), if self.askers == 0 && !self.answerers_shutdown.is_cancelled() => continue,
            };
            let Some(joined) = joined else { break };
            let (role, ended) = joined.context("a role panicked")?;
            self.askers -= usize::from(!role.answers_others());
            let expected = self.shutdown.is_cancelled();
            self.shutdown.cancel();
            match ended {
                Ok(()) if expected => {}
                Ok(()) => outcome = Err(anyhow!("role `{role}` ended by itself").into()),
                Err(error) => {
                    tracing::error!(%role, error = format!("{error:#}"), "Role `{role}` failed");
                    outcome = Err(error.context(format!("role `{role}` failed")).into());
                }
            }
        }
        for connection in &self.connections {
            connection.drain().await;
        }
        tracing::info!("Stopped");
        outcome
    }
}

fn api_settings(
    configuration: &Configuration,
    connectors: &[Arc<dyn Connector>],
) -> Result<api::v1::Settings, Failure> {
    let configured = &configuration.api;
    let settings = api::v1::Settings::read(
        &configuration.http.public_url,
        &configured.cors_origins,
        configured.rate_per_minute,
        configured.rate_burst,
        &configured.trusted_proxies,
    );
    let kinds = connectors.iter().map(|connector| connector.kind());
    Ok(settings.map_err(Failure::usage)?.with_connectors(kinds))
}

pub(crate) fn grant_key(key: Option<&SecretString>) -> Result<GrantKey, Failure> {
    let missing = || anyhow!("`grant.key` is missing: set INFRAGPT_GRANT_KEY to at least 32 random characters");
    GrantKey::new(key.ok_or_else(missing).map_err(Failure::usage)?)
        .map_err(|error| Failure::usage(anyhow::Error::from(error).context("`grant.key` can't be used")))
}

pub(crate) fn key_ring(keys: Option<&SecretString>) -> Result<KeyRing, Failure> {
    let missing = || {
        anyhow!("`encryption.keys` is missing: set INFRAGPT_ENCRYPTION_KEYS to what `infragpt keys generate` prints")
    };
    KeyRing::parse(keys.ok_or_else(missing).map_err(Failure::usage)?)
        .map_err(|error| Failure::usage(anyhow::Error::from(error).context("`encryption.keys` can't be used")))
}

fn stop_on_signals(shutdown: &CancellationToken, until_stdin_closes: bool) -> Result<(), Failure> {
    let mut interrupted = signal(SignalKind::interrupt()).context("Ctrl-C can't be waited for")?;
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM can't be waited for")?;
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        tracing::info!("Stopping");
        stop.cancel();
    });
    if until_stdin_closes {
        let stop = shutdown.clone();
        // A thread of its own: the runtime would wait for a blocking read of its own at the end.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            stop.cancel();
        });
    }
    Ok(())
}
