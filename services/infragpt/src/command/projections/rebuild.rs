//! `infragpt projections rebuild`: the read models again from the log.

use anyhow::{Context as _, anyhow};
use clap::Args;
use infragpt_projections::{self as projections, Rebuilt, generation::Renewal};

use super::{database_url, diff, failure, shown};
use crate::{
    command::{
        connect,
        output::{Format, Output, Table},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `rebuild` can be told.
#[derive(Debug, Clone, Args)]
pub struct Rebuild {
    /// Read the new generation also where it differs from the old
    #[arg(long)]
    accept_differences: bool,
    /// Don't go on with a rebuild that was broken off
    #[arg(long)]
    from_scratch: bool,
    #[command(flatten)]
    format: Format,
}

impl Rebuild {
    /// Rebuilds.
    ///
    /// # Errors
    /// When NATS or PostgreSQL isn't there or refuses; findings where the new generation differs.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let url = database_url(configuration)?;
        let projector = connect(configuration, NatsUser::Projections).await?;
        let operator = connect(configuration, NatsUser::Operator).await?;
        let (bar, progress) = shown("rebuilding");
        let renewal = Renewal {
            accept_differences: self.accept_differences,
            from_scratch: self.from_scratch,
        };
        let rebuilt = projections::rebuild(url, &projector, &operator, renewal, progress).await;
        bar.finish_and_clear();
        let rebuilt = match rebuilt {
            Err(projections::rebuild::Error::Generation(error)) => return Err(failure(error)),
            other => other.context("the read models can't be rebuilt")?,
        };
        let mut output = Output::direct(self.format);
        print(&mut output, &rebuilt)?;
        projector.drain().await;
        operator.drain().await;
        if !rebuilt.swapped && !rebuilt.differences.is_empty() {
            return Err(Failure::findings(anyhow!(
                "the log says something else in {}, so nothing was changed: `--accept-differences` takes what the log says",
                diff::named(&rebuilt.differences)
            )));
        }
        Ok(())
    }
}

fn print(output: &mut Output, rebuilt: &Rebuilt) -> Result<(), Failure> {
    if output.is_json() {
        return Ok(output.record(rebuilt)?);
    }
    let mut table = Table::new(["TABLE", "ROWS", "HASH"]);
    for (name, fingerprint) in &rebuilt.tables {
        table.row([
            (*name).to_owned(),
            fingerprint.count.to_string(),
            fingerprint.hash.clone(),
        ]);
    }
    output.text(&table.to_string())?;
    for (stream, count) in &rebuilt.carried {
        output.text(&format!(
            "{stream} no longer keeps {count} facts: where they stood is taken over"
        ))?;
    }
    diff::print(output, &rebuilt.differences)?;
    if rebuilt.swapped {
        output.text("the tables are those of the new generation; `infragpt projections rollback` goes back")?;
    }
    Ok(())
}
