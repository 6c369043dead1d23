//! `infragpt integrations`: connections to Slack and GitHub, through the role that holds the credentials.

use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use infragpt_nats::Connection;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{ask::ask, connect};
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// How long somebody may take on the consent page.
const CONSENT_WITHIN: Duration = Duration::from_mins(10);

/// What can be done with connections.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// Connect an organization: prints the address of the consent page, and waits until somebody has been there
    Connect {
        #[command(flatten)]
        target: Target,
        /// An account that is there already: the number of a GitHub installation
        #[arg(long)]
        account: Option<String>,
        /// Connect without a consent page: Slack with `slack.bot_token`, GitHub with the installation in --account
        #[arg(long)]
        as_operator: bool,
        /// Print the address and don't wait
        #[arg(long, conflicts_with = "as_operator")]
        no_wait: bool,
    },
    /// How an organization's connections stand, and why
    List {
        /// The organization's identifier
        #[arg(long)]
        organization: String,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Ask Slack or GitHub whether a connection works, and record what they say
    Validate(Target),
    /// List channels or repositories anew
    Synchronize(Target),
    /// End a connection for good: revoke it there, shred its credential, let the account go
    Disconnect {
        #[command(flatten)]
        target: Target,
        /// Why, for whoever reads it later
        #[arg(long)]
        reason: Option<String>,
        /// Shred the credential although Slack or GitHub does not confirm that it is revoked
        #[arg(long)]
        force: bool,
    },
}

/// Which connection.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// `slack` or `github`
    connector: String,
    /// The organization's identifier
    #[arg(long)]
    organization: String,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Target {
    fn request(&self) -> Value {
        json!({ "organization": self.organization, "connector": self.connector })
    }

    /// Prints an answer as JSON, or as the sentence that `say` makes of it.
    fn print(&self, answer: &Value, say: impl FnOnce() -> String) {
        println!("{}", if self.json { answer.to_string() } else { say() });
    }
}

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// When nobody serves integrations, or what was asked for is refused.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let connection = connect(configuration, NatsUser::Operator).await?;
        let outcome = self.ask(configuration, &connection).await;
        connection.drain().await;
        outcome
    }

    async fn ask(self, configuration: &Configuration, connection: &Connection) -> Result<(), Failure> {
        match self {
            Self::Connect {
                target,
                account,
                as_operator: true,
                ..
            } => {
                let mut request = target.request();
                match account {
                    Some(account) => request["account"] = account.into(),
                    None => request["token"] = bot_token(configuration, &target.connector)?.into(),
                }
                connect_as_operator(connection, &target, request).await?;
            }
            Self::Connect {
                target,
                account,
                no_wait,
                ..
            } => connect_on_page(connection, &target, account, !no_wait).await?,
            Self::List { organization, json } => {
                let answer = ask(connection, "list", json!({ "organization": organization })).await?;
                let integrations = answer["integrations"].as_array().cloned().unwrap_or_default();
                if !json {
                    println!("CONNECTOR  STATE         SINCE                 RESOURCES  ACCOUNT");
                }
                for integration in &integrations {
                    println!(
                        "{}",
                        if json {
                            integration.to_string()
                        } else {
                            row(integration)
                        }
                    );
                }
            }
            Self::Validate(target) => {
                let answer = ask(connection, "validate", target.request()).await?;
                target.print(&answer, || {
                    let reason = answer["reason"].as_str().map(|reason| format!(": {reason}"));
                    format!(
                        "{} is {}{}",
                        target.connector,
                        text(&answer["state"]),
                        reason.unwrap_or_default()
                    )
                });
                if answer["state"] != "active" {
                    return Err(Failure::findings(anyhow!("the connection does not work")));
                }
            }
            Self::Synchronize(target) => {
                let answer = ask(connection, "synchronize", target.request()).await?;
                target.print(&answer, || {
                    format!(
                        "{} may see {} resources; {} events",
                        target.connector, answer["resources"], answer["appended"]
                    )
                });
            }
            Self::Disconnect { target, reason, force } => {
                let mut request = target.request();
                request["reason"] = reason.into();
                request["force"] = force.into();
                let answer = ask(connection, "disconnect", request).await?;
                target.print(&answer, || {
                    let remaining = answer["remaining"]
                        .as_str()
                        .map_or_else(|| "its credential is shredded.".to_owned(), str::to_owned);
                    format!(
                        "{} is disconnected from `{}`: {remaining}",
                        target.connector, target.organization
                    )
                });
            }
        }
        Ok(())
    }
}

async fn connect_as_operator(connection: &Connection, target: &Target, request: Value) -> Result<(), Failure> {
    let answer = ask(connection, "connect", request).await?;
    target.print(&answer, || {
        let (connector, organization) = (&target.connector, &target.organization);
        let account = &answer["account"];
        format!(
            "{connector} is {} for `{organization}`: account {} {}, integration {}",
            text(&answer["state"]),
            text(&account["id"]),
            text(&account["name"]),
            text(&answer["integration"]),
        )
    });
    Ok(())
}

async fn connect_on_page(
    connection: &Connection,
    target: &Target,
    account: Option<String>,
    wait_for_it: bool,
) -> Result<(), Failure> {
    let mut request = target.request();
    if let Some(account) = account {
        request["account"] = account.into();
    }
    let before = if wait_for_it {
        Some(listed(connection, target).await?)
    } else {
        None
    };
    let answer = ask(connection, "initiate", request).await?;
    target.print(&answer, || {
        format!(
            "Open this address within ten minutes to connect {}:\n  {}",
            target.connector,
            text(&answer["url"])
        )
    });
    if let Some(before) = before {
        let state = wait(connection, target, &before).await?;
        target.print(&state, || row(&state));
    }
    Ok(())
}

/// How the connection stands.
async fn listed(connection: &Connection, target: &Target) -> Result<Value, Failure> {
    let answer = ask(connection, "list", json!({ "organization": target.organization })).await?;
    let all = answer["integrations"].as_array().cloned().unwrap_or_default();
    let mine = all
        .into_iter()
        .find(|integration| integration["connector"] == target.connector.as_str());
    Ok(mine.unwrap_or_default())
}

/// Waits until an attempt led to something, or to nothing.
async fn wait(connection: &Connection, target: &Target, before: &Value) -> Result<Value, Failure> {
    let deadline = tokio::time::Instant::now() + CONSENT_WITHIN;
    while tokio::time::Instant::now() < deadline {
        let now = listed(connection, target).await?;
        if let Some(reason) = now["last_failure"].as_str() {
            return Err(Failure::findings(anyhow!("{reason}")));
        }
        // A connection that stood before is connected anew once its authorization is a later one.
        if now["state"] == "active" && now["authorized_at"] != before["authorized_at"] {
            return Ok(now);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(Failure::findings(anyhow!(
        "nobody came back from the consent page within ten minutes: start again"
    )))
}

/// The configured bot token, the only secret that an operator can hand over.
fn bot_token<'configuration>(
    configuration: &'configuration Configuration,
    connector: &str,
) -> Result<&'configuration str, Failure> {
    match (connector, &configuration.slack.bot_token) {
        ("slack", Some(token)) => Ok(token.expose_secret()),
        ("slack", None) => Err(Failure::usage(anyhow!(
            "`slack.bot_token` is missing: set INFRAGPT_SLACK_BOT_TOKEN to the token of the installed app (xoxb-…)"
        ))),
        (other, _) => Err(Failure::usage(anyhow!(
            "connecting {other} as an operator needs --account"
        ))),
    }
}

fn row(integration: &Value) -> String {
    let account = &integration["account"];
    let since: String = text(&integration["since"]).chars().take(19).collect();
    let reason = integration["reason"]
        .as_str()
        .or(integration["last_failure"].as_str())
        .map(|reason| format!("\n           {reason}"))
        .unwrap_or_default();
    format!(
        "{:<10} {:<13} {:<21} {:>9}  {} {}{reason}",
        text(&integration["connector"]),
        text(&integration["state"]),
        since,
        integration["resources"].to_string(),
        text(&account["id"]),
        text(&account["name"]),
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
