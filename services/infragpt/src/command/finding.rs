//! How commands that are given a reference find what is meant.

use anyhow::anyhow;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use infragpt_nats::{Connection, Log, Received};
use infragpt_operations::{Finder, Reference, Target, finder};
use infragpt_projections as projections;

use super::{connect, database_url, trace::events};
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// How many messages are read at a time.
const AT_ONCE: usize = 16;

/// A reference that was looked up.
pub struct Finding {
    /// The operator's connection.
    pub connection: Connection,
    /// What finds more.
    pub finder: Finder,
    /// What was meant.
    pub target: Target,
}

impl Finding {
    /// Looks up `reference`: through the database where it is configured and answers, else in the log, and then says so.
    ///
    /// # Errors
    /// Usage where it can't be a reference, findings where nothing has it, and otherwise when NATS isn't there.
    pub async fn look_up(configuration: &Configuration, reference: &str) -> Result<Self, Failure> {
        let reference = Reference::parse(reference).map_err(Failure::usage)?;
        let connection = connect(configuration, NatsUser::Operator).await?;
        let finder = open(configuration, &connection).await?;
        let target = finder.resolve(&reference).await.map_err(failure)?;
        Ok(Self {
            connection,
            finder,
            target,
        })
    }
}

impl Finding {
    /// The case of what was meant, as the streams still have it, in the order of storing.
    ///
    /// # Errors
    /// Usage where it is no case, and otherwise when the log can't be read.
    pub async fn stored_case(self) -> Result<Vec<Received>, Failure> {
        let events = events(&self.finder, self.target).await?;
        let case = self.finder.case(events).await.map_err(failure)?;
        let log = Log::new(&self.connection);
        let kept = case.events.iter().filter(|found| !found.is_gone);
        let reading = kept.map(|found| log.at(&found.event.stream, found.event.sequence));
        let read: Vec<Option<Received>> = stream::iter(reading.collect::<Vec<_>>())
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(anyhow::Error::from)?;
        Ok(read.into_iter().flatten().collect())
    }
}

async fn open(configuration: &Configuration, connection: &Connection) -> Result<Finder, Failure> {
    let reading = "reading the log instead, which takes longer the longer it is";
    let Ok(url) = database_url(configuration) else {
        eprintln!("infragpt: no database is configured: {reading}");
        return Ok(Finder::new(connection, None));
    };
    let pool = projections::connect(url, "infragpt find").map_err(Failure::usage)?;
    let (finder, problem) = Finder::with_or_without(connection, pool).await;
    if let Some(problem) = problem {
        eprintln!("infragpt: the database does not answer ({problem}): {reading}");
    }
    Ok(finder)
}

/// What a search that failed is to the shell.
pub fn failure(error: finder::Error) -> Failure {
    match error {
        finder::Error::Missing(missing) => Failure::findings(anyhow!("{missing}")),
        other => Failure::from(anyhow::Error::from(other)),
    }
}
