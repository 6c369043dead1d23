//! `infragpt projections status`: how the projection of the log stands.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use infragpt_projections::{
    self as projections,
    standing::{Standing, standing},
};
use serde_json::json;

use super::database_url;
use crate::{
    command::{
        connect,
        output::{Format, Output, Table},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `status` can be told.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Print it again every two seconds, until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    format: Format,
}

impl Status {
    /// Prints it.
    ///
    /// # Errors
    /// When NATS or PostgreSQL can't be asked.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let url = database_url(configuration)?;
        let connection = connect(configuration, NatsUser::Projections).await?;
        let pool = projections::connect(url, "infragpt projections status").map_err(Failure::usage)?;
        let mut output = Output::direct(self.format);
        loop {
            let standing = standing(&pool, &connection).await.context("the status can't be read")?;
            print(&mut output, &standing)?;
            if !self.watch {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted?;
                    break;
                }
            }
        }
        connection.drain().await;
        Ok(())
    }
}

fn print(output: &mut Output, standing: &Standing) -> Result<(), Failure> {
    if output.is_json() {
        for stream in &standing.streams {
            let mut record = json!(stream);
            record["generation"] = json!(standing.generation);
            record["active_projectors"] = json!(standing.active_projectors);
            record["standbys"] = json!(standing.standbys);
            let problems = standing
                .problems
                .iter()
                .filter(|problem| problem.stream == stream.status.stream);
            record["problems"] = json!(problems.collect::<Vec<_>>());
            output.record(&record)?;
        }
        return Ok(());
    }
    let mut table = Table::new([
        "STREAM",
        "PROJECTED",
        "LAST",
        "LAG",
        "BEHIND",
        "RATE",
        "PROJECTED UP TO",
        "PAUSED UNTIL",
    ]);
    let time = |time: chrono::DateTime<chrono::Utc>| time.format("%F %T").to_string();
    for stream in &standing.streams {
        let status = &stream.status;
        table.row([
            status.stream.clone(),
            status.checkpoint.to_string(),
            status.last_sequence.to_string(),
            status.lag.to_string(),
            format!("{:.1} s", stream.lag_seconds),
            stream
                .rate
                .map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}/s")),
            status.published_at.map_or_else(|| "-".to_owned(), time),
            stream.paused_until.map_or_else(|| "-".to_owned(), time),
        ]);
    }
    output.text(&table.to_string())?;
    let projector = if standing.active_projectors > 0 {
        "a projector is active"
    } else {
        "no projector is active"
    };
    output.text(&format!(
        "\ngeneration {}; {projector}, {} standing by",
        standing.generation, standing.standbys
    ))?;
    for problem in &standing.problems {
        output.text(&format!(
            "{}  {}#{}  {}",
            problem.noticed_at.format("%F %T"),
            problem.stream,
            problem.sequence,
            problem.problem
        ))?;
    }
    Ok(())
}
