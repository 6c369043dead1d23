//! `infragpt projections generations` and `rollback`: what was built, and back to what was read before.

use clap::Args;
use infragpt_projections::{self as projections, generation};
use serde_json::json;

use super::{database_url, failure, shown};
use crate::{
    command::{
        connect,
        output::{Format, Output, Table},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `generations` can be told.
#[derive(Debug, Clone, Args)]
pub struct Generations {
    #[command(flatten)]
    format: Format,
}

/// What `rollback` can be told.
#[derive(Debug, Clone, Args)]
pub struct Rollback {
    #[command(flatten)]
    format: Format,
}

impl Generations {
    /// Lists them.
    ///
    /// # Errors
    /// When PostgreSQL can't be asked.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let pool = projections::connect(database_url(configuration)?, "infragpt projections generations")
            .map_err(Failure::usage)?;
        generation::check_migrations(&pool).await.map_err(failure)?;
        let generations = generation::list(&pool).await.map_err(anyhow::Error::from)?;
        let mut output = Output::direct(self.format);
        let mut table = Table::new(["ID", "STATE", "BUILT AT", "EVENTS", "MB", "SCHEMA"]);
        for generation in &generations {
            if output.is_json() {
                output.record(generation)?;
            }
            let absent = || "-".to_owned();
            table.row([
                generation.id.to_string(),
                generation.state.as_str().replace('_', " "),
                generation
                    .built_at
                    .map_or_else(absent, |time| time.format("%F %T").to_string()),
                generation
                    .sequence
                    .map_or_else(absent, |sequence| format!("#{sequence}")),
                (generation.bytes / 1_000_000).to_string(),
                generation.schema.clone().unwrap_or_else(absent),
            ]);
        }
        output.note(&table.to_string())?;
        Ok(())
    }
}

impl Rollback {
    /// Goes back.
    ///
    /// # Errors
    /// When there is nothing to go back to, or a server refuses.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let url = database_url(configuration)?;
        let operator = connect(configuration, NatsUser::Operator).await?;
        let (bar, progress) = shown("catching up");
        let sequence = generation::rollback(url, &operator, progress).await;
        bar.finish_and_clear();
        let sequence = sequence.map_err(failure)?;
        operator.drain().await;
        let mut output = Output::direct(self.format);
        output.item(&json!({ "sequence": sequence }), || {
            format!("the previous generation is read again, at EVENTS#{sequence}; `rollback` goes back to the other")
        })?;
        Ok(())
    }
}
