//! `infragpt integrations`: connections to Slack and GitHub, through the role that holds the credentials.

use std::time::Duration;

use clap::Subcommand;
use infragpt_nats::request;
use serde_json::{Value, json};
use uuid::Uuid;

use super::connect;
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What can be done with connections.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// Connect an organization to Slack (with the configured bot token) or GitHub (with an installation)
    Connect {
        /// `slack` or `github`
        connector: String,
        /// The organization's identifier
        #[arg(long)]
        organization: String,
        /// The account to connect: for GitHub, the installation's number; for Slack it comes with the token
        #[arg(long)]
        account: Option<String>,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// When nobody serves integrations, or the connection is refused.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let Self::Connect {
            connector,
            organization,
            account,
            json,
        } = self;
        let connection = connect(configuration, NatsUser::Operator).await?;
        let actor = format!(
            "operator:{}",
            std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())
        );
        let answer: Value = connection
            .request(
                "integration.v1.connect",
                &json!({
                    "organization": organization,
                    "connector": connector,
                    "account": account,
                    "actor": actor,
                    "request_id": request_id(),
                }),
                Duration::from_secs(20),
            )
            .await
            .map_err(|error| match error {
                request::Error::Service { message, .. } => Failure::findings(anyhow::anyhow!(message)),
                request::Error::NoResponders(_) => Failure::from(anyhow::anyhow!(
                    "nobody serves integrations: is `infragpt serve` running with the role `integrations`?"
                )),
                other => Failure::from(anyhow::Error::from(other)),
            })?;
        if json {
            println!("{answer}");
        } else {
            let account = &answer["account"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            println!(
                "{connector} is {} for `{organization}`: account {} {}, integration {}",
                text(&answer["state"]),
                text(&account["id"]),
                text(&account["name"]),
                text(&answer["integration"]),
            );
        }
        connection.drain().await;
        Ok(())
    }
}

/// What the events of this command are derived from.
fn request_id() -> Uuid {
    Uuid::now_v7()
}
