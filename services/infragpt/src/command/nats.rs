//! `infragpt nats`: streams and consumers as their files say.

use clap::Subcommand;
use infragpt_nats::{
    Definitions,
    definition::{Change, ChangeKind},
};

use super::connect;
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What can be done with streams and consumers.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// Make streams and consumers as their files say; shows each difference
    Apply,
    /// Show what `apply` would change; exit code 1 if anything
    Check,
}

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// When the server can't be asked, refuses, or (for `check`) differs.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let connection = connect(configuration, NatsUser::Admin).await?;
        let definitions = Definitions::embedded(configuration.nats.replicas).map_err(Failure::usage)?;
        let server = |error| Failure::from(anyhow::Error::from(error));
        match self {
            Self::Apply => {
                for change in definitions.check(&connection).await.map_err(server)? {
                    println!("{change}");
                }
                definitions.apply(&connection).await.map_err(server)?;
            }
            Self::Check => {
                let changes = definitions.check(&connection).await.map_err(server)?;
                for change in &changes {
                    println!("{change}");
                }
                let differ = changes
                    .iter()
                    .filter(|Change { kind, .. }| *kind != ChangeKind::Unchanged)
                    .count();
                if differ > 0 {
                    return Err(Failure::findings(anyhow::anyhow!(
                        "{differ} of {} definitions differ: `infragpt nats apply` makes them true",
                        changes.len()
                    )));
                }
            }
        }
        connection.drain().await;
        Ok(())
    }
}
