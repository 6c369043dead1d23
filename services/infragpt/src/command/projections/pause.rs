//! `infragpt projections pause` and `resume`: holding the projection back.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use infragpt_projections::standing;
use serde_json::json;

use crate::{
    command::{
        connect,
        output::{Format, Output},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `pause` can be told.
#[derive(Debug, Clone, Args)]
pub struct Pause {
    /// For how long: it goes on by itself then
    #[arg(long = "for", value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    duration: std::time::Duration,
    /// Why, for whoever wonders: it is in this command's output and log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    format: Format,
}

/// What `resume` can be told.
#[derive(Debug, Clone, Args)]
pub struct Resume {
    #[command(flatten)]
    format: Format,
}

impl Pause {
    /// Pauses.
    ///
    /// # Errors
    /// When NATS refuses.
    #[expect(clippy::disallowed_methods, reason = "a pause begins when it is asked for")]
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let duration = TimeDelta::from_std(self.duration).unwrap_or(TimeDelta::MAX);
        let until = Utc::now()
            .checked_add_signed(duration)
            .ok_or_else(|| Failure::usage(anyhow::anyhow!("`--for` is too long: write at most some years")))?;
        hold(configuration, until).await?;
        tracing::warn!(%until, reason = self.reason, "The projection is held back");
        let mut output = Output::direct(self.format);
        output.item(&json!({ "paused_until": until, "reason": self.reason }), || {
            format!(
                "the projection is held back until {}: {}",
                until.format("%F %T UTC"),
                self.reason
            )
        })?;
        Ok(())
    }
}

impl Resume {
    /// Lets it go on.
    ///
    /// # Errors
    /// When NATS refuses.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        // A time that is over.
        hold(configuration, DateTime::UNIX_EPOCH).await?;
        let mut output = Output::direct(self.format);
        output.item(&json!({ "paused_until": null }), || "the projection goes on".to_owned())?;
        Ok(())
    }
}

async fn hold(configuration: &Configuration, until: DateTime<Utc>) -> Result<(), Failure> {
    let operator = connect(configuration, NatsUser::Operator).await?;
    standing::pause(&operator, until).await.map_err(anyhow::Error::from)?;
    operator.drain().await;
    Ok(())
}
