//! `infragpt demo`: the whole scenario on real servers, with a transcript of what each step produced.

mod credentials;
mod organizations;
mod scenario;
mod transcript;

use std::path::PathBuf;

use anyhow::Context as _;

use crate::{
    configuration::{Log, LogFormat},
    environment::{Installation, Observer, Options},
    failure::Failure,
    logging,
};

/// What can be said of it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Keep servers' data and logs here instead of in a temporary directory
    #[arg(long, value_name = "DIRECTORY")]
    data_directory: Option<PathBuf>,
}

/// Plays the scenario, then stops everything.
///
/// # Errors
/// The first step that was not observed. Everything is stopped then, too.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    logging::start(&Log {
        format: LogFormat::Pretty,
        level: "error".to_owned(),
    })?;
    let temporary = tempfile::Builder::new()
        .prefix("infragpt-demo-")
        .tempdir()
        .context("no temporary directory")?;
    let directory = arguments.data_directory.unwrap_or_else(|| temporary.path().to_owned());
    let interrupted = async { tokio::signal::ctrl_c().await.ok() };
    tokio::select! {
        played = play(directory.clone()) => played.map_err(|error| {
            let log = std::fs::read_to_string(directory.join("infragpt.log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("\nThe end of the roles' log:\n{}\n", lines[lines.len().saturating_sub(20)..].join("\n"));
            Failure::findings(error)
        }),
        _ = interrupted => Err(Failure::findings(anyhow::anyhow!("interrupted"))),
    }
}

async fn play(directory: PathBuf) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    println!(
        "Starting nats-server and PostgreSQL as child processes, the sandbox (Slack, GitHub, Clerk), and all roles …"
    );
    let mut options = Options::new(directory)?;
    // The demo drops its database: on a configured server that is one of its own.
    options.database = Some(format!("infragpt_demo_{}", std::process::id()));
    let mut installation = Installation::start(options).await?;
    installation.start_roles().await?;
    let observer = Observer::new(installation).await?;
    for stream in ["RAW_SLACK", "RAW_GITHUB", "EVENTS"] {
        let last = observer.log.stream(stream).await?.last_sequence;
        anyhow::ensure!(
            last == 0,
            "the demo needs empty streams, and {stream} has had {last} messages: use another data directory or server"
        );
    }
    let mut installation = scenario::play(observer).await?;
    if let Some(roles) = installation.roles.take() {
        roles.stop().await?;
    }
    infragpt_projections::drop_database(&installation.endpoints.database_url.clone().into()).await?;
    installation.stop().await?;
    println!(
        "\nEvery step was observed. Everything is stopped. {:.1} s in all.",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
