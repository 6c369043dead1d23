use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// What a [`crate::Sandbox`] pretends to be and where it listens.
///
/// Every secret in here is made up and worth nothing outside the sandbox.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The one Slack workspace that exists.
    pub slack: SlackWorkspace,
    /// The one GitHub App installation that exists.
    pub github: GithubInstallation,
    /// Directory in which Slack messages survive a restart; `None` keeps them in memory.
    pub data_directory: Option<PathBuf>,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            slack: SlackWorkspace::default(),
            github: GithubInstallation::default(),
            data_directory: None,
        }
    }
}

/// A Slack workspace with one app installed.
#[derive(Clone, Debug)]
pub struct SlackWorkspace {
    /// Workspace id, `T…`.
    pub team_id: String,
    /// Workspace name as people see it.
    pub team_name: String,
    /// App id, `A…`.
    pub app_id: String,
    /// User id of the app's bot, `U…`.
    pub bot_user: String,
    /// Bot id of the app, `B…`.
    pub bot_id: String,
    /// The name people write after `@`.
    pub bot_name: String,
    /// Channels that exist from the start; the bot is a member of each.
    pub channels: Vec<Named>,
    /// People in the workspace; the first one is the author of messages without a `user`.
    pub users: Vec<Named>,
    /// Key of `X-Slack-Signature`.
    pub signing_secret: String,
    /// The deprecated `token` that every event carries in its body.
    pub verification_token: String,
    /// App-level token, accepted by `apps.connections.open` only.
    pub app_token: String,
    /// Bot token, accepted by every other method.
    pub bot_token: String,
    /// How long an envelope or request may stay unacknowledged; Slack's limit is 3 s.
    pub acknowledgement_timeout: Duration,
    /// How long an envelope waits for a connection when none is live.
    pub connection_wait: Duration,
}

impl Default for SlackWorkspace {
    fn default() -> Self {
        Self {
            team_id: "T0ACME".into(),
            team_name: "Acme".into(),
            app_id: "A0INFRAGPT".into(),
            bot_user: "U0INFRAGPT".into(),
            bot_id: "B0INFRAGPT".into(),
            bot_name: "infragpt".into(),
            channels: vec![Named::new("C0OPS", "ops"), Named::new("C0DEPLOYS", "deploys")],
            users: vec![Named::new("U0MAYA", "maya"), Named::new("U0TOM", "tom")],
            signing_secret: "sandbox-signing-secret".into(),
            verification_token: "sandbox-verification-token".into(),
            app_token: "xapp-1-A0INFRAGPT-sandbox".into(),
            bot_token: "xoxb-sandbox".into(),
            acknowledgement_timeout: Duration::from_secs(3),
            connection_wait: Duration::from_mins(1),
        }
    }
}

/// A channel or a person: an identifier and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Slack's identifier.
    pub id: String,
    /// The name without `#` or `@`.
    pub name: String,
}

impl Named {
    /// Joins an identifier with a name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
        }
    }
}

/// A GitHub App, installed on one account.
#[derive(Clone, Debug)]
pub struct GithubInstallation {
    /// Installation id.
    pub installation_id: u64,
    /// Login of the organization that installed the app.
    pub account: String,
    /// Full names of the repositories the installation may see.
    pub repositories: Vec<String>,
    /// App id, the `iss` of the app's JWTs.
    pub app_id: u64,
    /// The app's private key, or its PKCS#1 public key, as PEM. With it the signature of a JWT is checked, without it
    /// only its shape and claims.
    pub app_key: Option<String>,
    /// Key of `X-Hub-Signature-256`.
    pub webhook_secret: String,
}

impl Default for GithubInstallation {
    fn default() -> Self {
        Self {
            installation_id: 4242,
            account: "acme".into(),
            repositories: vec!["acme/payments".into(), "acme/checkout".into()],
            app_id: 100_042,
            app_key: None,
            webhook_secret: "sandbox-webhook-secret".into(),
        }
    }
}
