//! `infragpt sandbox`: simulated Slack and GitHub by themselves, for trying official clients against them.

use std::net::SocketAddr;

use anyhow::Context as _;
use infragpt_sandbox::{Configuration, Sandbox};

use crate::failure::Failure;

/// What can be said of the sandbox.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where it listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Runs the sandbox until Ctrl-C.
///
/// # Errors
/// When it can't listen.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let configuration = Configuration {
        listen: arguments.listen,
        ..Configuration::default()
    };
    let (app_token, bot_token) = (
        configuration.slack.app_token.clone(),
        configuration.slack.bot_token.clone(),
    );
    let sandbox = Sandbox::start(configuration)
        .await
        .context("the sandbox can't be started")?;
    println!("page       {}", sandbox.url());
    println!(
        "Slack API  {}   app token {app_token}   bot token {bot_token}",
        sandbox.slack_api_url()
    );
    println!("GitHub API {}", sandbox.github_api_url());
    println!("control    {}", sandbox.control_url());
    tokio::signal::ctrl_c().await.context("Ctrl-C can't be waited for")?;
    sandbox.stop().await;
    Ok(())
}
