//! `infragpt projections` and `infragpt migrate`: the read models.

mod as_of;
mod bisect;
mod diff;
mod generations;
mod pause;
mod rebuild;
mod status;

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::ProgressBar;
use infragpt_projections::{self as projections, generation, rebuild::Progress};
use secrecy::SecretString;

use super::output::progress;
use crate::{configuration::Configuration, failure::Failure};

/// What can be done with the read models.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// How far the read models are behind the log, who projects, and what went wrong
    Status(status::Status),
    /// Make the read models again from the log, beside those that are read; exit code 1 if they differ
    Rebuild(rebuild::Rebuild),
    /// Read the generation from before the last rebuild again
    Rollback(generations::Rollback),
    /// Which generations of the read models there are
    Generations(generations::Generations),
    /// Hold the projection back; what comes waits in the log
    Pause(pause::Pause),
    /// Let the projection go on
    Resume(pause::Resume),
    /// Compare what the tables hold with what the log says; exit code 1 if they differ
    Diff(diff::Diff),
    /// Make a schema with the tables as they were
    AsOf(as_of::AsOf),
    /// Find the event after which something was no longer so
    Bisect(bisect::Bisect),
}

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// When NATS or PostgreSQL isn't there or refuses, and what each finds.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        match self {
            Self::Status(status) => Box::pin(status.run(configuration)).await,
            Self::Rebuild(rebuild) => Box::pin(rebuild.run(configuration)).await,
            Self::Rollback(rollback) => Box::pin(rollback.run(configuration)).await,
            Self::Generations(generations) => generations.run(configuration).await,
            Self::Pause(pause) => pause.run(configuration).await,
            Self::Resume(resume) => resume.run(configuration).await,
            Self::Diff(diff) => Box::pin(diff.run(configuration)).await,
            Self::AsOf(as_of) => Box::pin(as_of.run(configuration)).await,
            Self::Bisect(bisect) => Box::pin(bisect.run(configuration)).await,
        }
    }
}

/// The database's URL.
///
/// # Errors
/// When it isn't configured.
pub fn database_url(configuration: &Configuration) -> Result<&SecretString, Failure> {
    configuration.database.url.as_ref().ok_or_else(|| {
        Failure::usage(anyhow::anyhow!(
            "`database.url` is missing: set INFRAGPT_DATABASE_URL to postgres://user:password@host:5432/name"
        ))
    })
}

/// Makes the database if it isn't there, and brings it up to date.
///
/// # Errors
/// When PostgreSQL isn't there or refuses.
pub async fn migrate(configuration: &Configuration) -> Result<(), Failure> {
    let url = database_url(configuration)?;
    let created = projections::create_database(url)
        .await
        .context("the database can't be made")?;
    let pool = projections::connect(url, "infragpt migrate").map_err(Failure::usage)?;
    projections::migrate(&pool)
        .await
        .context("the database can't be brought up to date")?;
    println!(
        "{}",
        if created {
            "made the database and its tables"
        } else {
            "the database is up to date"
        }
    );
    Ok(())
}

/// How a generation's failure ends a command.
pub fn failure(error: generation::Error) -> Failure {
    use generation::Error::{Ahead, Assertion, Cut, Key, NoBoolean, NotYet, Unknown};
    match error {
        Ahead { .. } => Failure::findings(error),
        Unknown { .. } | Key { .. } | Assertion(_) | NoBoolean(_) | Cut { .. } | NotYet { .. } => Failure::usage(error),
        error => Failure::from(anyhow::Error::from(error)),
    }
}

/// Shows how far long work is; call what it returns with every step.
fn shown(what: &'static str) -> (ProgressBar, impl FnMut(&[Progress]) + Send + use<>) {
    let bar = progress(what, Some(0));
    let told = bar.clone();
    (bar, move |streams: &[Progress]| {
        told.set_length(streams.iter().map(|stream| stream.target).sum());
        told.set_position(streams.iter().map(|stream| stream.projected.min(stream.target)).sum());
    })
}
