//! `infragpt projections` and `infragpt migrate`: the read models.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use clap::Subcommand;
use infragpt_projections as projections;
use secrecy::SecretString;

use super::connect;
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What can be done with the read models.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// How far the read models are behind the log
    Status {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Empty the read models and make them again from the log, with the database if it is gone
    Rebuild {
        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
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

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// When NATS or PostgreSQL isn't there or refuses.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let url = database_url(configuration)?;
        match self {
            Self::Status { json } => {
                let connection = connect(configuration, NatsUser::Projections).await?;
                let pool = projections::connect(url, "infragpt projections status").map_err(Failure::usage)?;
                let streams = projections::status(&pool, &connection)
                    .await
                    .context("the status can't be read")?;
                if !json {
                    println!("STREAM          PROJECTED         LAST      LAG  PROJECTED UP TO");
                }
                for stream in streams {
                    if json {
                        println!("{}", serde_json::json!(stream));
                    } else {
                        let time = stream
                            .published_at
                            .map_or_else(|| "-".to_owned(), |time| time.to_rfc3339());
                        let projections::StreamStatus {
                            stream,
                            checkpoint,
                            last_sequence,
                            lag,
                            ..
                        } = stream;
                        println!("{stream:<12} {checkpoint:>12} {last_sequence:>12} {lag:>8}  {time}");
                    }
                }
            }
            Self::Rebuild { json } => {
                let connection = connect(configuration, NatsUser::Projections).await?;
                let live = std::io::stderr().is_terminal();
                let rebuilt = projections::rebuild(url, &connection, |progress| {
                    if live {
                        let done: u64 = progress.iter().map(|stream| stream.projected.min(stream.target)).sum();
                        let all: u64 = progress.iter().map(|stream| stream.target).sum();
                        eprint!("\rrebuilding: {done} of {all} messages");
                        let _ = std::io::stderr().flush();
                    }
                })
                .await
                .context("the read models can't be rebuilt")?;
                if live {
                    eprintln!();
                }
                if json {
                    println!("{}", serde_json::json!(rebuilt));
                } else {
                    println!("TABLE                          ROWS  HASH");
                    for (table, fingerprint) in &rebuilt.tables {
                        println!("{table:<24} {:>10}  {}", fingerprint.count, fingerprint.hash);
                    }
                }
            }
        }
        Ok(())
    }
}
