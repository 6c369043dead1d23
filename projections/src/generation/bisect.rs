//! The event after which something was no longer so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infragpt_nats::{Connection, Log, Received};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use sqlx::{Acquire as _, AssertSqlSafe, PgConnection};

pub use super::question::Question;
use super::{
    Error, Progress,
    exclusive::Exclusive,
    fill::{Until, open, some},
    question::Probe,
    registry::{self, State},
    schema::{self, TABLES, check_migrations},
};
use crate::{Batch, checkpoint::READ_BY_TOOLS, column, database};

/// How many events are applied between two looks.
const BATCH: usize = 500;

/// Where it is done.
const SCHEMA: &str = "infragpt_bisect";

/// How many turns are told; the last ones.
const TOLD: usize = 50;

/// An event after which it was no longer as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Its place in EVENTS.
    pub sequence: u64,
    /// Its id.
    pub event_id: String,
    /// Its type.
    pub kind: String,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// What was asked about, before it.
    pub before: Option<Value>,
    /// What was asked about, after it.
    pub after: Option<Value>,
    /// The rows that it wrote, by table.
    pub wrote: BTreeMap<&'static str, Vec<Value>>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bisected {
    /// How many events were looked at.
    pub events: u64,
    /// How many turns there were.
    pub count: usize,
    /// The last of them, in the order of the log.
    pub turns: Vec<Turn>,
    /// What it is in the end.
    pub now: Option<Value>,
}

/// Projects EVENTS from the start into a schema of its own, looks after each batch whether the answer is another, and if so
/// event by event within the batch. The index knows of events only, not of facts.
///
/// # Errors
/// [`Error::Assertion`] and its siblings for a question that can't be asked, and whatever else is missing.
pub async fn bisect(
    url: &SecretString,
    operator: &Connection,
    question: &Question,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<Bisected, Error> {
    let active = database::connect(url, "infragpt bisect")?;
    check_migrations(&active).await?;
    let probe = Probe::new(&mut *active.acquire().await?, question).await?;
    let exclusive = Exclusive::acquire(url).await?;
    // What an earlier one left that was killed.
    for (id, name) in registry::all(&active, State::Kept).await? {
        if name == SCHEMA {
            registry::forget(&active, id, &name).await?;
        }
    }
    let (id, name) = registry::add(&active, State::Kept, Some(SCHEMA)).await?;
    let found = async {
        let scratch = schema::make(url, &name).await?;
        let found = search(operator, &mut *scratch.acquire().await?, &probe, &mut progress).await;
        scratch.close().await;
        found
    }
    .await;
    registry::forget(&active, id, &name).await?;
    exclusive.release().await;
    active.close().await;
    found
}

async fn search(
    operator: &Connection,
    connection: &mut PgConnection,
    probe: &Probe,
    progress: &mut (dyn FnMut(&[Progress]) + Send),
) -> Result<Bisected, Error> {
    let target = Log::new(operator).bounds(READ_BY_TOOLS).await?.last_sequence;
    let mut scan = open(operator, READ_BY_TOOLS, 0, Until::At(target)).await?;
    let mut found = Bisected {
        events: 0,
        count: 0,
        turns: vec![],
        now: probe.look(connection).await?,
    };
    while let Some(received) = some(&mut scan, BATCH).await? {
        found.events += received.len() as u64;
        let projected = received.last().map_or(0, |last| last.sequence);
        let turns = advance(connection, probe, received, &mut found.now).await?;
        found.count += turns.len();
        found.turns.extend(turns);
        let many = found.turns.len().saturating_sub(TOLD);
        found.turns.drain(..many);
        progress(&[Progress {
            stream: READ_BY_TOOLS,
            projected,
            target,
        }]);
    }
    Ok(found)
}

/// Applies a batch, and returns the turns in it; `now` is what was before it, and then what is after it.
async fn advance(
    connection: &mut PgConnection,
    probe: &Probe,
    received: Vec<Received>,
    now: &mut Option<Value>,
) -> Result<Vec<Turn>, Error> {
    let mut transaction = connection.begin().await?;
    let mut attempt = transaction.begin().await?;
    let applied = Batch::decode(received.clone()).apply(&mut attempt).await;
    let is_same = applied.is_ok() && probe.look(&mut attempt).await? == *now;
    if is_same {
        attempt.commit().await?;
        transaction.commit().await?;
        return Ok(vec![]);
    }
    attempt.rollback().await?;
    let mut turns = Vec::new();
    for event in received {
        let mut one = transaction.begin().await?;
        match Batch::decode(vec![event.clone()]).apply(&mut one).await {
            Ok(()) => one.commit().await?,
            // As the projector does: it leaves out what PostgreSQL can't hold.
            Err(_) => one.rollback().await?,
        }
        let after = probe.look(&mut transaction).await?;
        if probe.is_turn(now.as_ref(), after.as_ref()) {
            turns.push(Turn {
                sequence: event.sequence,
                event_id: event.envelope.id.clone(),
                kind: event.envelope.kind.clone(),
                stored_at: event.published,
                before: now.clone(),
                after: after.clone(),
                wrote: wrote(&mut transaction, event.sequence).await?,
            });
        }
        *now = after;
    }
    transaction.commit().await?;
    Ok(turns)
}

/// The rows that the event at `sequence` was the last to shape.
async fn wrote(
    connection: &mut PgConnection,
    sequence: u64,
) -> Result<BTreeMap<&'static str, Vec<Value>>, sqlx::Error> {
    let mut wrote = BTreeMap::new();
    for table in TABLES.into_iter().filter(|table| *table != "event_index") {
        let rows: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT to_jsonb(entry) FROM {table} AS entry WHERE sequence = $1 LIMIT 20"
        )))
        .bind(column::sequence(sequence))
        .fetch_all(&mut *connection)
        .await?;
        if !rows.is_empty() {
            wrote.insert(table, rows);
        }
    }
    Ok(wrote)
}
