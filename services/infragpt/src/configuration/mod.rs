//! The configuration: embedded defaults, then `infragpt.toml`, then the environment.

mod environment;
mod read;

use std::{collections::BTreeMap, net::SocketAddr};

use infragpt_connectors::{github, slack};
pub use read::{DEFAULTS, Error, read, read_from};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// What is written about what happens.
    pub log: Log,
    /// The public listener.
    pub http: Http,
    /// The servers that hold the log.
    pub nats: Nats,
    /// The database of the read models.
    pub database: Database,
    /// What agents may ask for.
    pub grant: Grant,
    /// What credentials are encrypted with.
    pub encryption: Encryption,
    /// How connections are looked after.
    pub integrations: Integrations,
    /// How deleted organizations and people are erased.
    pub erasure: Erasure,
    /// The HTTP API.
    pub api: Api,
    /// Where people sign in.
    pub clerk: infragpt_identity::Configuration,
    /// The Slack application.
    pub slack: slack::Configuration,
    /// The GitHub App.
    pub github: github::Configuration,
}

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// Which lines there are.
    pub level: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people on a terminal, for machines elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// `[http]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The public listener's address.
    pub listen: SocketAddr,
    /// Where people's browsers reach that listener.
    pub public_url: Url,
    /// The operators' listener, if there is one; it has no password, so it is on this machine.
    #[serde(default)]
    pub operator_listen: Option<SocketAddr>,
}

/// `[nats]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// The servers, separated by commas.
    pub url: String,
    /// Replicas of each stream.
    pub replicas: u8,
    /// The password of each NATS user.
    #[serde(default)]
    pub password: BTreeMap<NatsUser, SecretString>,
}

/// `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The URL, for the roles that use it.
    #[serde(default)]
    pub url: Option<SecretString>,
}

/// `[grant]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The key that signs grants.
    #[serde(default)]
    pub key: Option<SecretString>,
}

/// `[encryption]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// The keys that data keys are wrapped under, separated by commas, the current one first.
    #[serde(default)]
    pub keys: Option<SecretString>,
}

/// `[integrations]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrations {
    /// How often every connection is tried, in seconds.
    pub probe_seconds: u64,
    /// How often what a connection may see is compared with what there is, in seconds.
    pub synchronize_seconds: u64,
}

/// `[erasure]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// How long after everything was erased it is looked once more, in seconds.
    pub delay_seconds: u64,
}

/// `[api]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// Origins whose pages may call the API with a browser's session, separated by commas.
    pub cors_origins: String,
    /// How many requests an organization may make in a minute.
    pub rate_per_minute: u32,
    /// How many of them at once.
    pub rate_burst: u32,
    /// Addresses of proxies that are believed in what they say of the client, separated by commas.
    pub trusted_proxies: String,
}

/// The users of `nats/server.conf`: one for each role, and the two that people use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NatsUser {
    /// Inbound Slack.
    Slack,
    /// Inbound GitHub.
    Github,
    /// Inbound Clerk.
    Clerk,
    /// Raw facts to events.
    Handlers,
    /// Answers.
    Conversations,
    /// The agent.
    Agent,
    /// The outbound half.
    Integrations,
    /// Writes the read models.
    Projections,
    /// Reads them.
    Queries,
    /// What administrators say about their organization.
    Identity,
    /// Erases what was deleted.
    Erasure,
    /// HTTP.
    Api,
    /// People in a terminal.
    Operator,
    /// `nats apply`.
    Admin,
}

impl NatsUser {
    /// Every user.
    pub const ALL: [Self; 14] = [
        Self::Slack,
        Self::Github,
        Self::Clerk,
        Self::Handlers,
        Self::Conversations,
        Self::Agent,
        Self::Integrations,
        Self::Projections,
        Self::Queries,
        Self::Identity,
        Self::Erasure,
        Self::Api,
        Self::Operator,
        Self::Admin,
    ];

    /// The user's name in `nats/server.conf`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Github => "github",
            Self::Clerk => "clerk",
            Self::Handlers => "handlers",
            Self::Conversations => "conversations",
            Self::Agent => "agent",
            Self::Integrations => "integrations",
            Self::Projections => "projections",
            Self::Queries => "queries",
            Self::Identity => "identity",
            Self::Erasure => "erasure",
            Self::Api => "api",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The environment variable with its password, for the server and for us.
    pub fn password_variable(self) -> String {
        infragpt_nats::definition::password_variable(self.as_str())
    }
}
