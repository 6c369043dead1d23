//! The run: servers and roles of its own, one measurement after the other.

use std::{path::PathBuf, time::Instant};

use anyhow::Context as _;
use infragpt_nats::{Bare, Log};

use super::{
    api, credentials, events, footprint,
    ingest::Ingest,
    mentions,
    plan::Plan,
    rebuild,
    report::{Report, Row},
    workspaces,
};
use crate::{
    configuration::{Log as LogSettings, LogFormat, NatsUser},
    environment::{Installation, Observer, Options, Roles},
    failure::Failure,
    logging,
};

/// What can be said of it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Only show that everything can be measured, in about 20 seconds
    #[arg(long)]
    quick: bool,
    /// Where the servers keep their data: the disk that is measured; a temporary directory unless told
    #[arg(long, value_name = "DIRECTORY")]
    data_directory: Option<PathBuf>,
}

/// Measures and prints. A missed goal is not a failure: the machine may be busy.
///
/// # Errors
/// When something can't be measured.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    logging::start(&LogSettings {
        format: LogFormat::Pretty,
        level: "error".to_owned(),
    })?;
    let temporary = tempfile::Builder::new()
        .prefix("infragpt-bench-")
        .tempdir()
        .context("no temporary directory")?;
    let directory = arguments.data_directory.unwrap_or_else(|| temporary.path().to_owned());
    let plan = if arguments.quick { Plan::quick() } else { Plan::full() };
    let started = Instant::now();
    let rows = tokio::select! {
        rows = measure(directory, &plan) => rows?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::findings(anyhow::anyhow!("interrupted"))),
    };
    let report = Report {
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        quick: arguments.quick,
        seconds: started.elapsed().as_secs_f64(),
        rows,
    };
    if arguments.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&report).context("the report can't be written")?
        );
    } else {
        print!("{report}");
    }
    Ok(())
}

async fn measure(directory: PathBuf, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    eprintln!("Starting nats-server, PostgreSQL, the sandbox and all roles …");
    let mut options = Options::new(directory)?;
    // One organization asks for all of it.
    for name in ["INFRAGPT_API_RATE_PER_MINUTE", "INFRAGPT_API_RATE_BURST"] {
        options.environment.insert(name.to_owned(), u32::MAX.to_string());
    }
    let mut installation = Installation::start(options).await?;
    let bare = Bare::start(
        installation.connect(NatsUser::Admin).await?,
        installation.connect(NatsUser::Agent).await?,
        installation.connect(NatsUser::Queries).await?,
    )
    .await?;
    eprintln!("Start and memory …");
    let mut rows = vec![footprint::ready(&mut installation, plan).await?];
    for arguments in [
        &[
            "integrations",
            "connect",
            "slack",
            "--organization",
            "acme",
            "--as-operator",
        ][..],
        &[
            "integrations",
            "connect",
            "github",
            "--organization",
            "acme",
            "--account",
            "4242",
            "--as-operator",
        ],
    ] {
        installation.infragpt(arguments).await?;
    }
    rows.push(footprint::idle(&installation, plan.idle).await?);

    let observer = Observer::new(installation).await?;
    for event in ["push", "workflow_run", "release"] {
        let webhook =
            serde_json::json!({ "url": observer.github_url(), "event": event, "repository": "acme/payments" });
        observer.control.github_webhook(&webhook).await?;
    }
    observer.rows().await?;
    mentions::warm_up(&observer.control, plan.warm_up).await?;
    for pace in plan.paces {
        eprintln!("Mentions at {} a second …", pace.per_second);
        rows.extend(mentions::measure(&observer, &bare, pace).await?);
    }
    rows.push(footprint::after_mentions(&observer.installation)?);
    eprintln!("Events into the read models …");
    let handlers = observer.installation.connect(NatsUser::Handlers).await?;
    rows.extend(events::visible(&observer.installation, &handlers, plan).await?);
    let reader = observer.installation.connect(NatsUser::Operator).await?;
    rows.push(events::trace(&observer.installation, &handlers, &reader, plan).await?);
    reader.drain().await;
    eprintln!("Pages of the HTTP API …");
    rows.extend(api::measure(&observer, plan).await?);
    let mut installation = observer.end().await;
    eprintln!("Many workspaces …");
    rows.extend(workspaces::measure(&mut installation, plan).await?);

    footprint::stop(&mut installation).await?;
    let operator = installation.connect(NatsUser::Operator).await?;
    let log = Log::new(&operator);
    let endpoints = installation.endpoints.clone();
    let mut ingest = Ingest {
        endpoints: &endpoints,
        bare: &bare,
        log: &log,
        next_id: 0,
    };
    eprintln!("Credentials in the vault …");
    let vault = installation.connect(NatsUser::Integrations).await?;
    rows.extend(credentials::measure(&vault, plan).await?);
    vault.drain().await;
    eprintln!("Webhooks into the inbound role …");
    let inbound: Roles = installation.spawn_roles(&["github", "api"]).await?;
    rows.extend(ingest.alone(plan).await?);
    inbound.stop().await?;
    // The handlers start with an empty stream, or they would work off what was measured before.
    bare.empty(&["RAW_GITHUB"]).await?;
    eprintln!("Webhooks into all roles …");
    installation.start_roles().await?;
    rows.push(ingest.together(plan).await?);

    // Handlers may have thousands of webhooks to go, which nobody waits for here.
    installation.kill_roles().await?;
    eprintln!("A long log …");
    rows.push(events::scan(&handlers, &operator, plan).await?);
    eprintln!("Read models of it …");
    rows.extend(rebuild::measure(&installation, &operator, plan).await?);
    handlers.drain().await;
    operator.drain().await;
    bare.end().await?;
    installation.stop().await?;
    Ok(rows)
}
