//! Looks at everything at once, within fifteen seconds whatever hangs.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use futures::future::{LocalBoxFuture, join_all};

use super::{
    clock, connectors, consumers, dead_letters,
    finding::{Area, Finding, Status, counted},
    http, keys, nats, postgresql, read_models, services, streams, users,
};
use crate::{
    command::output::{Format, Output},
    configuration::Configuration,
    failure::Failure,
};

/// How long one area may take.
const PATIENCE: Duration = Duration::from_secs(9);

/// What `doctor` can be told.
#[derive(Debug, Clone, Copy, Args)]
pub struct Doctor {
    #[command(flatten)]
    format: Format,
}

impl Doctor {
    /// Looks, and prints what it found.
    ///
    /// # Errors
    /// Findings where anything is an error or a warning.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let (connection, reached) = nats::reach(configuration).await;
        let connection = connection.as_ref();
        let database = postgresql::open(configuration);
        let areas: Vec<(&'static str, LocalBoxFuture<'_, Vec<Finding>>)> = vec![
            ("nats", Box::pin(nats::look(connection, reached))),
            ("streams", Box::pin(streams::look(configuration, connection))),
            ("consumers", Box::pin(consumers::look(configuration, connection))),
            ("services", Box::pin(services::look(connection))),
            ("users", Box::pin(users::look(configuration))),
            ("http", Box::pin(http::look(configuration))),
            ("postgresql", Box::pin(postgresql::look(database.as_ref()))),
            (
                "read models",
                Box::pin(read_models::look(database.as_ref(), connection)),
            ),
            ("dead letters", Box::pin(dead_letters::look(connection))),
            ("keys", Box::pin(keys::look(configuration, connection))),
            ("clock", Box::pin(clock::look(database.as_ref().ok(), connection))),
            ("connectors", Box::pin(connectors::look(configuration, connection))),
        ];
        let looked = join_all(areas.into_iter().map(|(name, looking)| within(name, looking))).await;
        let mut output = Output::paged(self.format);
        for area in &looked {
            area.print(&mut output)?;
        }
        drop(output);
        if let Some(connection) = connection {
            connection.drain().await;
        }
        verdict(&looked)
    }
}

/// What is found of an area while there is patience.
async fn within(name: &'static str, looking: LocalBoxFuture<'_, Vec<Finding>>) -> Area {
    let findings = tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| {
        let problem = format!("it took longer than {} s", PATIENCE.as_secs());
        vec![Finding::unknown(
            problem,
            "infragpt doctor, once the other findings are mended",
        )]
    });
    Area { name, findings }
}

fn verdict(areas: &[Area]) -> Result<(), Failure> {
    let count = |status| areas.iter().map(|area| area.count(status)).sum::<u64>();
    let (errors, warnings) = (count(Status::Error), count(Status::Warning));
    if errors + warnings == 0 {
        return Ok(());
    }
    Err(Failure::findings(anyhow!(
        "{} and {}",
        counted(errors, "error"),
        counted(warnings, "warning")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_ok_is_a_finding() {
        let area = |findings| Area { name: "x", findings };
        assert!(verdict(&[area(vec![Finding::ok("a")])]).is_ok());
        let failure = verdict(&[area(vec![Finding::ok("a"), Finding::warning("b", "c")])]).unwrap_err();
        assert_eq!(failure.to_string(), "0 errors and 1 warning");
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_a_finding() {
        let area = within("x", Box::pin(futures::future::pending())).await;
        assert_eq!(area.findings[0].status, Status::Warning);
        assert!(area.findings[0].found.contains("longer than 9 s"));
    }
}
