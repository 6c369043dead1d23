//! `infragpt dev`: the installation, up until Ctrl-C.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::{Installation, Options};
use crate::{
    configuration::{Log, LogFormat},
    failure::Failure,
    logging,
};

/// What can be said of it.
#[derive(Debug, clap::Args)]
pub struct DevArguments {
    /// Where servers and secrets are kept between runs
    #[arg(long, default_value = ".local/dev", value_name = "DIRECTORY")]
    data_directory: PathBuf,
    /// Also write where everything is, as one JSON object, once all is ready
    #[arg(long, value_name = "FILE")]
    endpoints: Option<PathBuf>,
    /// The organization to connect
    #[arg(long, default_value = "acme")]
    organization: String,
}

/// Starts everything and stays up until Ctrl-C or SIGTERM.
///
/// # Errors
/// What could not be started, or ended by itself.
pub async fn dev(arguments: DevArguments) -> Result<(), Failure> {
    logging::start(&Log {
        format: LogFormat::Auto,
        level: "warn".to_owned(),
    })?;
    let mut interrupted = signal(SignalKind::interrupt()).context("Ctrl-C can't be waited for")?;
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM can't be waited for")?;
    println!("Starting nats-server, PostgreSQL, the sandbox and all roles …");
    let options = Options {
        organization: arguments.organization,
        ..Options::new(arguments.data_directory.clone())?
    };
    let mut installation = tokio::select! {
        installation = start(options) => installation?,
        _ = interrupted.recv() => return Ok(()),
        _ = terminated.recv() => return Ok(()),
    };
    let usual = arguments.data_directory.join("endpoints.json");
    for path in [Some(&usual), arguments.endpoints.as_ref()].into_iter().flatten() {
        let json = serde_json::to_string_pretty(&installation.endpoints).context("the endpoints can't be written")?;
        write_private(path, &json)?;
    }
    let variables = arguments.data_directory.join("environment.sh");
    write_variables(&installation, &variables)?;
    println!(
        "\nEverything is up, for organization `{}`:\n",
        installation.endpoints.organization_id
    );
    println!("{}", installation.endpoints);
    let log = arguments.data_directory.join("infragpt.log");
    println!("Write to the bot on the sandbox's control API, for example:");
    println!(
        "  curl -s {}/message -H 'content-type: application/json' -d '{{\"text\": \"status\", \"via\": \"socket\"}}'",
        installation.endpoints.control_url
    );
    println!("Operate it from another terminal with the same `infragpt`:");
    println!(
        "  . {} && infragpt integrations list --organization {}",
        variables.display(),
        installation.endpoints.organization_id
    );
    println!("\nLogs are in {}. Ctrl-C stops everything.", log.display());
    let ended = match &mut installation.roles {
        Some(roles) => tokio::select! {
            ended = roles.ended() => Some(ended),
            _ = interrupted.recv() => None,
            _ = terminated.recv() => None,
        },
        None => None,
    };
    println!("\nStopping …");
    if let Some(status) = ended {
        let status = status?;
        installation.roles = None;
        installation.stop().await?;
        return Err(anyhow::anyhow!("the roles ended with {status}: see {}", log.display()).into());
    }
    installation.stop().await?;
    Ok(())
}

/// Writes what the roles are configured with, for a shell. It holds the installation's secrets, as its directory does.
fn write_variables(installation: &Installation, path: &Path) -> anyhow::Result<()> {
    let mut lines = String::from("export INFRAGPT_LOG_LEVEL='warn'\n");
    let configured = installation.environment().iter();
    for (name, value) in configured.filter(|(name, _)| !name.starts_with("INFRAGPT_LOG_")) {
        let quoted = value.replace('\'', "'\\''");
        lines.extend(["export ", name, "='", &quoted, "'\n"]);
    }
    write_private(path, &lines)
}

/// Writes a file for its owner alone: beside and renamed, so that whoever waits for it never reads half of it.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("{} can't be written", path.display()))
}

async fn start(options: Options) -> anyhow::Result<Installation> {
    let mut installation = Installation::start(options).await?;
    installation.start_roles().await?;
    installation.connect_organization().await?;
    let announced = installation.sandbox.clerk_announce().await;
    anyhow::ensure!(
        announced.failed == 0,
        "{} of Clerk's webhooks were refused",
        announced.failed
    );
    Ok(installation)
}
