//! `infragpt projections as-of`: the tables as they were.

use anyhow::anyhow;
use chrono::Utc;
use clap::Args;
use infragpt_operations::selection::moment;
use infragpt_projections::generation::{self, Moment};
use serde_json::json;

use super::{database_url, failure, shown};
use crate::{
    command::{
        connect,
        output::{Format, Output},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `as-of` can be told.
#[derive(Debug, Clone, Args)]
pub struct AsOf {
    /// After an event of EVENTS (`4711`, `EVENTS#4711`), or at a time: how long ago (`2h`), a date, or RFC 3339
    #[arg(value_name = "WHEN")]
    when: String,
    /// Drop the schema that an earlier call made
    #[arg(long)]
    drop: bool,
    #[command(flatten)]
    format: Format,
}

impl AsOf {
    /// Makes the schema, or drops it.
    ///
    /// # Errors
    /// When there is no such time, or a server refuses.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let moment = parsed(&self.when)?;
        let url = database_url(configuration)?;
        let mut output = Output::direct(self.format);
        if self.drop {
            let schema = generation::drop_as_of(url, moment).await.map_err(failure)?;
            output.item(&json!({ "dropped": schema }), || format!("dropped {schema}"))?;
            return Ok(());
        }
        let operator = connect(configuration, NatsUser::Operator).await?;
        let (bar, progress) = shown("projecting");
        let made = generation::as_of(url, &operator, moment, progress).await;
        bar.finish_and_clear();
        let made = made.map_err(failure)?;
        operator.drain().await;
        output.item(&made, || {
            let mut lines = vec![made.schema.clone()];
            for stream in &made.cut {
                lines.push(format!(
                    "{stream} no longer has its first facts: `event_index` lacks where they stood"
                ));
            }
            lines.push(format!(
                "PGOPTIONS='-c search_path={} -c default_transaction_read_only=on' psql \"$INFRAGPT_DATABASE_URL\"",
                made.schema
            ));
            lines.join("\n")
        })?;
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long ago something is depends on what time it is"
)]
fn parsed(when: &str) -> Result<Moment, Failure> {
    let place = when
        .strip_prefix("EVENTS#")
        .or_else(|| when.strip_prefix('#'))
        .unwrap_or(when);
    if let Ok(sequence) = place.parse() {
        return Ok(Moment::Event(sequence));
    }
    let now = Utc::now();
    let time = moment(when, now).map_err(|problem| Failure::usage(anyhow!(problem)))?;
    if time > now {
        return Err(Failure::usage(anyhow!("{} lies ahead", time.format("%F %T UTC"))));
    }
    Ok(Moment::Time(time))
}
