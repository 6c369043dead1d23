//! Starting and stopping all of it.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use infragpt_local::{NatsServer, Postgres, PostgresOptions};
use infragpt_nats::{Connection, ConnectionConfiguration, Definitions};
use infragpt_projections as projections;
use infragpt_sandbox::{ClerkInstance, Sandbox};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{Endpoints, NatsCredentials, Roles, secrets::Secrets};
use crate::configuration::NatsUser;

/// The private key of the sandbox's GitHub App: it opens nothing but sandboxes.
const SANDBOX_APP_KEY: &str = include_str!("sandbox-app-key.pem");

/// The administrator of the local organization, whose session the endpoints have.
const ADMINISTRATOR: &str = "user_maya";
/// Long enough for a day of trying things.
const SESSION_LIFETIME: Duration = Duration::from_hours(24);

/// What an installation is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept.
    pub data_directory: PathBuf,
    /// The `infragpt` that the roles run.
    pub binary: PathBuf,
    /// Whether Slack delivers over Socket Mode.
    pub socket_mode: bool,
    /// The organization that will be connected.
    pub organization: String,
    /// The database to make and use, where it should not be the usual one: `infragpt`, or what
    /// `INFRAGPT_DATABASE_URL` names.
    pub database: Option<String>,
    /// More variables for the roles.
    pub environment: BTreeMap<String, String>,
    /// The level of the roles' log.
    pub log_level: String,
}

impl Options {
    /// An installation in `data_directory`, with this very binary and Socket Mode.
    ///
    /// # Errors
    /// When the operating system doesn't say which binary this is.
    pub fn new(data_directory: PathBuf) -> anyhow::Result<Self> {
        Ok(Self {
            data_directory,
            binary: std::env::current_exe().context("this program's own path is not known")?,
            socket_mode: true,
            organization: "acme".to_owned(),
            database: None,
            environment: BTreeMap::new(),
            log_level: "info".to_owned(),
        })
    }
}

/// A running installation. Its servers end when it is dropped, or when this process ends in whatever way.
#[derive(Debug)]
pub struct Installation {
    /// nats-server, unless a configured one is used.
    pub nats: Option<NatsServer>,
    /// PostgreSQL, unless a configured one is used.
    pub postgres: Option<Postgres>,
    /// Slack and GitHub.
    pub sandbox: Sandbox,
    /// The roles, while they run.
    pub roles: Option<Roles>,
    /// Where everything is.
    pub endpoints: Endpoints,
    options: Options,
    environment: BTreeMap<String, String>,
}

impl Installation {
    /// Starts servers and sandbox, applies streams and migrations. The roles are not started yet.
    ///
    /// `INFRAGPT_NATS_URL` (with `INFRAGPT_NATS_PASSWORD_…`) and `INFRAGPT_DATABASE_URL` name servers to use instead.
    ///
    /// # Errors
    /// What could not be started, and why.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        fs::create_dir_all(&options.data_directory)
            .with_context(|| format!("{} can't be made", options.data_directory.display()))?;
        let options = Options {
            data_directory: options.data_directory.canonicalize()?,
            ..options
        };
        let mut secrets = Secrets::load_or_create(&options.data_directory)?;
        let api = free_address()?;
        let app_key = options.data_directory.join("github-app.pem");
        fs::write(&app_key, SANDBOX_APP_KEY).with_context(|| format!("{} can't be written", app_key.display()))?;
        let (nats, postgres, sandbox) = tokio::try_join!(
            Box::pin(start_nats(&options.data_directory, &secrets)),
            Box::pin(start_postgres(&options.data_directory)),
            async {
                Sandbox::start(sandbox_configuration(&options, api))
                    .await
                    .context("the sandbox can't be started")
            },
        )?;
        let nats_url = if let Some(server) = &nats {
            server.url()
        } else {
            for user in NatsUser::ALL {
                if let Ok(password) = std::env::var(user.password_variable()) {
                    secrets.nats.insert(user.as_str().to_owned(), password);
                }
            }
            std::env::var("INFRAGPT_NATS_URL").context("INFRAGPT_NATS_URL is gone")?
        };
        let database_url = match &postgres {
            Some(server) => server.url_of(options.database.as_deref().unwrap_or("infragpt")),
            None => configured_database(options.database.as_deref())?,
        };
        let endpoints = endpoints(
            &options,
            &secrets,
            nats_url,
            &database_url,
            &sandbox,
            (api, free_address()?),
        )?;
        let environment = environment(&options, &secrets, &endpoints);
        let installation = Self {
            nats,
            postgres,
            sandbox,
            roles: None,
            endpoints,
            options,
            environment,
        };
        tokio::try_join!(Box::pin(installation.apply_streams()), Box::pin(migrate(&database_url)))?;
        Ok(installation)
    }

    async fn apply_streams(&self) -> anyhow::Result<()> {
        let connection = self.connect(NatsUser::Admin).await?;
        let changes = Definitions::embedded(1)?
            .apply(&connection)
            .await
            .context("streams can't be applied")?;
        tracing::info!(
            definitions = changes.len(),
            "Applied the stream and consumer definitions"
        );
        connection.drain().await;
        Ok(())
    }

    /// A connection as `user`.
    ///
    /// # Errors
    /// When NATS refuses.
    pub async fn connect(&self, user: NatsUser) -> anyhow::Result<Connection> {
        let credentials = &self.endpoints.nats_users[user.as_str()];
        Ok(Connection::connect(&ConnectionConfiguration {
            url: self.endpoints.nats_url.clone(),
            user: credentials.user.clone(),
            password: credentials.password.clone().into(),
            name: format!("infragpt {} (local)", user.as_str()),
        })
        .await?)
    }

    /// Starts all roles in one process.
    ///
    /// # Errors
    /// When they are not ready in time.
    pub async fn start_roles(&mut self) -> anyhow::Result<()> {
        self.roles = Some(self.spawn_roles(&[]).await?);
        Ok(())
    }

    /// Starts some roles in a process of their own.
    ///
    /// # Errors
    /// When they are not ready in time.
    pub async fn spawn_roles(&self, roles: &[&str]) -> anyhow::Result<Roles> {
        let log = self.options.data_directory.join("infragpt.log");
        let mut environment = self.environment.clone();
        if !roles.is_empty() && !roles.contains(&"api") {
            // Of several processes one has the operators' address.
            environment.remove("INFRAGPT_HTTP_OPERATOR_LISTEN");
        }
        Roles::start(&self.options.binary, roles, &environment, &log).await
    }

    /// `kill -9` for the roles.
    ///
    /// # Errors
    /// When they can't be killed.
    pub async fn kill_roles(&mut self) -> anyhow::Result<()> {
        match self.roles.take() {
            Some(roles) => roles.kill().await,
            None => Ok(()),
        }
    }

    /// Runs `infragpt` with `arguments` as an operator would, and returns its standard output.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub async fn infragpt(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.operate(arguments).await?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "`infragpt {}` failed: {said}",
            arguments.join(" ")
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs an operator's command, however it ends.
    ///
    /// # Errors
    /// When it can't be run.
    pub async fn operate(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        self.command(arguments).output().await.context("infragpt can't be run")
    }

    /// An operator's command, to be run.
    pub fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.options.binary);
        command
            .args(arguments)
            .envs(&self.environment)
            .env("INFRAGPT_LOG_LEVEL", "warn")
            // What an operator hands over; no role is given it.
            .env("INFRAGPT_SLACK_BOT_TOKEN", &self.endpoints.slack_bot_token)
            .current_dir(&self.options.data_directory);
        command
    }

    /// The variables that the roles are configured with.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Changes a variable for the roles that are started from now on, and for operators' commands.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// The first thing that could not be stopped.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(roles) = self.roles.take() {
            roles.stop().await?;
        }
        self.sandbox.stop().await;
        if let Some(nats) = &mut self.nats {
            nats.stop().await?;
        }
        if let Some(postgres) = &mut self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}

/// `INFRAGPT_DATABASE_URL`, with another database's name if there is one.
fn configured_database(name: Option<&str>) -> anyhow::Result<SecretString> {
    let configured = std::env::var("INFRAGPT_DATABASE_URL").context("INFRAGPT_DATABASE_URL is gone")?;
    let Some(name) = name else { return Ok(configured.into()) };
    let mut url = Url::parse(&configured).context("INFRAGPT_DATABASE_URL is no URL")?;
    url.set_path(name);
    Ok(String::from(url).into())
}

async fn start_nats(directory: &Path, secrets: &Secrets) -> anyhow::Result<Option<NatsServer>> {
    if std::env::var_os("INFRAGPT_NATS_URL").is_some() {
        return Ok(None);
    }
    let environment = NatsUser::ALL
        .into_iter()
        .map(|user| {
            (
                user.password_variable(),
                SecretString::from(secrets.nats[user.as_str()].clone()),
            )
        })
        .collect();
    let configuration = infragpt_nats::definition::SERVER_CONFIGURATION;
    Ok(Some(NatsServer::start_in(directory, configuration, environment).await?))
}

async fn start_postgres(directory: &Path) -> anyhow::Result<Option<Postgres>> {
    if std::env::var_os("INFRAGPT_DATABASE_URL").is_some() {
        return Ok(None);
    }
    let options = PostgresOptions {
        data_directory: directory.join("postgres"),
        port: None,
        log: directory.join("postgres.log"),
    };
    Ok(Some(Postgres::start(options).await?))
}

async fn migrate(database_url: &SecretString) -> anyhow::Result<()> {
    projections::create_database(database_url).await?;
    let pool = projections::connect(database_url, "infragpt migrate")?;
    projections::migrate(&pool).await?;
    pool.close().await;
    Ok(())
}

fn sandbox_configuration(options: &Options, api: SocketAddr) -> infragpt_sandbox::Configuration {
    let mut configuration = infragpt_sandbox::Configuration {
        data_directory: Some(options.data_directory.join("sandbox")),
        clerk: ClerkInstance::with_organization(&options.organization),
        ..infragpt_sandbox::Configuration::default()
    };
    let (slack, github) = (&mut configuration.slack, &mut configuration.github);
    slack.redirect_uris = vec![format!("http://{api}/oauth/slack/callback")];
    github.app_key = Some(SANDBOX_APP_KEY.to_owned());
    github.callback_urls = vec![format!("http://{api}/oauth/github/callback")];
    github.setup_url = Some(format!("http://{api}/oauth/github/setup"));
    github.webhook_url = Some(format!("http://{api}/webhooks/github"));
    configuration.clerk.webhook_url = Some(format!("http://{api}/webhooks/clerk"));
    configuration.clerk.app_origins = vec![format!("http://{api}")];
    configuration
}

fn endpoints(
    options: &Options,
    secrets: &Secrets,
    nats_url: String,
    database_url: &SecretString,
    sandbox: &Sandbox,
    (api, operator): (SocketAddr, SocketAddr),
) -> anyhow::Result<Endpoints> {
    let defaults = sandbox_configuration(options, api);
    let nats_users = secrets
        .nats
        .iter()
        .map(|(user, password)| {
            (
                user.clone(),
                NatsCredentials {
                    user: user.clone(),
                    password: password.clone(),
                },
            )
        })
        .collect();
    let session_token = sandbox
        .session_token(ADMINISTRATOR, Some(&options.organization), SESSION_LIFETIME)
        .context("nobody can sign in")?;
    Ok(Endpoints {
        api_url: format!("http://{api}"),
        operator_url: format!("http://{operator}"),
        sandbox_url: sandbox.url().to_owned(),
        control_url: sandbox.control_url(),
        slack_api_url: sandbox.slack_api_url(),
        github_api_url: sandbox.github_api_url(),
        nats_url,
        nats_users,
        database_url: database_url.expose_secret().to_owned(),
        slack_signing_secret: defaults.slack.signing_secret,
        slack_app_token: defaults.slack.app_token,
        slack_bot_token: defaults.slack.bot_token,
        slack_channel: defaults
            .slack
            .channels
            .first()
            .map(|channel| channel.id.clone())
            .unwrap_or_default(),
        github_web_url: sandbox.github_web_url(),
        github_app_id: defaults.github.app_id,
        github_private_key_file: options.data_directory.join("github-app.pem"),
        github_webhook_secret: defaults.github.webhook_secret,
        clerk_issuer: sandbox.clerk_issuer(),
        clerk_webhook_secret: defaults.clerk.webhook_secret,
        sign_in_url: sandbox.clerk_sign_in_url(),
        organization_id: options.organization.clone(),
        session_token,
    })
}

/// A loopback address that is free now: it stays the same when the roles are restarted, so it can't be chosen by them.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok((Ipv4Addr::LOCALHOST, infragpt_local::free_port()?).into())
}

fn environment(options: &Options, secrets: &Secrets, endpoints: &Endpoints) -> BTreeMap<String, String> {
    let sandbox = infragpt_sandbox::Configuration::default();
    let listen = endpoints.api_url.trim_start_matches("http://");
    let operator = endpoints.operator_url.trim_start_matches("http://");
    let key_file = endpoints.github_private_key_file.display().to_string();
    let mut environment: BTreeMap<String, String> = [
        ("HTTP_LISTEN", listen),
        ("HTTP_PUBLIC_URL", &endpoints.api_url),
        ("HTTP_OPERATOR_LISTEN", operator),
        ("NATS_URL", &endpoints.nats_url),
        ("DATABASE_URL", &endpoints.database_url),
        ("GRANT_KEY", &secrets.grant),
        ("ENCRYPTION_KEYS", &secrets.encryption),
        ("LOG_FORMAT", "json"),
        ("LOG_LEVEL", &options.log_level),
        ("SLACK_API_URL", &endpoints.slack_api_url),
        (
            "SLACK_AUTHORIZE_URL",
            &format!("{}/slack/oauth/v2/authorize", endpoints.sandbox_url),
        ),
        ("SLACK_SIGNING_SECRET", &endpoints.slack_signing_secret),
        ("SLACK_CLIENT_ID", &sandbox.slack.client_id),
        ("SLACK_CLIENT_SECRET", &sandbox.slack.client_secret),
        ("GITHUB_WEBHOOK_SECRET", &endpoints.github_webhook_secret),
        ("GITHUB_API_URL", &endpoints.github_api_url),
        ("GITHUB_WEB_URL", &endpoints.github_web_url),
        ("GITHUB_APP_ID", &endpoints.github_app_id.to_string()),
        ("GITHUB_PRIVATE_KEY_FILE", &key_file),
        ("GITHUB_CLIENT_ID", &sandbox.github.client_id),
        ("GITHUB_CLIENT_SECRET", &sandbox.github.client_secret),
        ("GITHUB_SLUG", &sandbox.github.slug),
        // Nobody wants to watch it wait.
        ("ERASURE_DELAY_SECONDS", "1"),
        ("CLERK_ISSUER", &endpoints.clerk_issuer),
        ("CLERK_AUTHORIZED_PARTIES", &endpoints.api_url),
        ("CLERK_SIGN_IN_URL", &endpoints.sign_in_url),
        ("CLERK_WEBHOOK_SECRET", &endpoints.clerk_webhook_secret),
    ]
    .into_iter()
    .map(|(name, value)| (format!("INFRAGPT_{name}"), value.to_owned()))
    .collect();
    if options.socket_mode {
        environment.insert("INFRAGPT_SLACK_APP_TOKEN".to_owned(), endpoints.slack_app_token.clone());
    }
    for user in NatsUser::ALL {
        environment.insert(user.password_variable(), secrets.nats[user.as_str()].clone());
    }
    environment.extend(options.environment.clone());
    environment
}
