//! Where everything is, for people and for `--endpoints FILE`.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Where everything of a local installation is. The secrets in here are worth nothing elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Endpoints {
    /// Webhooks, `/healthz`, `/readyz`.
    pub api_url: String,
    /// `/metrics`.
    pub operator_url: String,
    /// The sandbox's page.
    pub sandbox_url: String,
    /// The sandbox's control API.
    pub control_url: String,
    /// Slack's Web API in the sandbox.
    pub slack_api_url: String,
    /// GitHub's API in the sandbox.
    pub github_api_url: String,
    /// NATS.
    pub nats_url: String,
    /// The NATS users by name.
    pub nats_users: BTreeMap<String, NatsCredentials>,
    /// PostgreSQL.
    pub database_url: String,
    /// What Slack signs with.
    pub slack_signing_secret: String,
    /// The app-level token.
    pub slack_app_token: String,
    /// The bot token.
    pub slack_bot_token: String,
    /// A channel to write in.
    pub slack_channel: String,
    /// GitHub's pages in the sandbox.
    pub github_web_url: String,
    /// The GitHub App's number.
    pub github_app_id: u64,
    /// The file with the App's private key.
    pub github_private_key_file: PathBuf,
    /// What GitHub signs with.
    pub github_webhook_secret: String,
    /// Who issues sessions: the sandbox's Clerk.
    pub clerk_issuer: String,
    /// What Clerk signs its webhooks with.
    pub clerk_webhook_secret: String,
    /// Where people sign in.
    pub sign_in_url: String,
    /// The organization that is connected.
    pub organization_id: String,
    /// A session of the organization's administrator, for a day: `Authorization: Bearer` for `/api/v1`.
    pub session_token: String,
}

/// A NATS user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NatsCredentials {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Display for Endpoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  Slack (sandbox)  {}", self.sandbox_url)?;
        writeln!(formatter, "  control API      {}", self.control_url)?;
        writeln!(formatter, "  webhooks, health {}", self.api_url)?;
        writeln!(
            formatter,
            "  API              {0}/api/v1 (browse {0}/api/v1/docs)",
            self.api_url
        )?;
        writeln!(formatter, "  sign in          {}", self.sign_in_url)?;
        writeln!(formatter, "  metrics          {}/metrics", self.operator_url)?;
        writeln!(formatter, "  PostgreSQL       {}", self.database_url)?;
        writeln!(formatter, "  NATS             {}", self.nats_url)?;
        if let Some(operator) = self.nats_users.get("operator") {
            writeln!(formatter)?;
            writeln!(
                formatter,
                "A context for the nats CLI, then for example `nats stream ls` and `nats sub --stream EVENTS --direct '>'`:"
            )?;
            writeln!(
                formatter,
                "  nats context save infragpt --server {} --user {} --password {} --inbox-prefix _INBOX.operator --select",
                self.nats_url, operator.user, operator.password
            )?;
        }
        Ok(())
    }
}
