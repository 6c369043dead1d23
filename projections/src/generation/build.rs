//! A generation that is made of what the log holds, up to where the active one is, and compared with it.

use std::collections::BTreeMap;

use infragpt_nats::{Connection, Log};
use secrecy::SecretString;
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use super::{
    Error, TableDifference,
    carry::carry,
    difference::{compare, fingerprints},
    exclusive::Exclusive,
    fill::{Until, as_far_as, fill},
    index,
    registry::{self, State},
    schema::{self, CHECKPOINTS, check_migrations, quoted},
};
pub use crate::rebuild::Progress;
use crate::{
    Fingerprint,
    checkpoint::{self, Checkpoint, READ_BY_TOOLS, STREAMS},
    database,
};

/// How long a table may be waited for where nobody waits behind it for long.
const PATIENCE: &str = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0; \
                        SET LOCAL idle_in_transaction_session_timeout = 0";

/// A generation that is being built.
#[derive(Debug)]
pub(super) struct Building {
    pub id: i32,
    pub schema: String,
    pub database: PgPool,
}

/// A generation beside the active one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Up to where in EVENTS both are.
    pub sequence: u64,
    /// What the log makes, table by table.
    pub tables: BTreeMap<&'static str, Fingerprint>,
    /// What differs.
    pub differences: Vec<TableDifference>,
    /// Facts that their stream no longer keeps, by stream: where they stood is taken from the active generation.
    pub carried: BTreeMap<&'static str, u64>,
    /// The schema of what the log makes, where it is kept.
    pub schema: Option<String>,
}

impl Building {
    /// Begins one.
    pub async fn begin(url: &SecretString, active: &PgPool, state: State) -> Result<Self, Error> {
        let (id, name) = registry::add(active, state, None).await?;
        let database = schema::make(url, &name).await?;
        index::defer(&database).await?;
        Ok(Self {
            id,
            schema: name,
            database,
        })
    }

    /// Goes on with one that was broken off.
    pub async fn resume(url: &SecretString, id: i32, name: String) -> Result<Self, Error> {
        let database = schema::make(url, &name).await?;
        // Where it was broken off before this was done, nothing is written yet.
        if checkpoint::list(&database).await?.is_empty() {
            index::defer(&database).await?;
        }
        Ok(Self {
            id,
            schema: name,
            database,
        })
    }

    /// Builds it up to where the active generation is, and compares both. `accept` where that is to be as far as the log goes.
    pub async fn complete(
        &self,
        operator: &Connection,
        active: &PgPool,
        accept: bool,
        progress: &mut (dyn FnMut(&[Progress]) + Send),
    ) -> Result<Compared, Error> {
        fill(
            operator,
            &self.database,
            &goal(operator, active, accept).await?,
            progress,
        )
        .await?;
        index::make(&self.database).await?;
        // What came meanwhile; then a moment in which the projector waits, so that both are at the same place.
        fill(
            operator,
            &self.database,
            &goal(operator, active, accept).await?,
            progress,
        )
        .await?;
        let active_schema = schema::active(active).await?;
        let mut hold = active.begin().await?;
        sqlx::raw_sql(PATIENCE).execute(&mut *hold).await?;
        schema::execute(&mut *hold, format!("LOCK TABLE {CHECKPOINTS} IN EXCLUSIVE MODE")).await?;
        let goal = goal_at(operator, &checkpoint::list(&mut *hold).await?, accept).await?;
        fill(operator, &self.database, &goal, progress).await?;
        let carried = self.carry(operator, &active_schema).await?;
        let mut snapshot = snapshot(&self.database).await?;
        hold.rollback().await?;

        let differences = compare(&mut snapshot, &active_schema, &self.schema).await?;
        let tables = fingerprints(&mut snapshot, &self.schema).await?;
        snapshot.rollback().await?;
        let sequence = goal.iter().find(|(stream, _)| *stream == READ_BY_TOOLS);
        Ok(Compared {
            sequence: sequence.map_or(0, |&(_, until)| match until {
                Until::At(sequence) | Until::Before(_, sequence) => sequence,
            }),
            tables,
            differences,
            carried,
            schema: Some(self.schema.clone()),
        })
    }

    /// Takes over from the active generation where facts stood that their stream no longer keeps.
    pub async fn carry(&self, operator: &Connection, active: &str) -> Result<BTreeMap<&'static str, u64>, Error> {
        let mut carried = BTreeMap::new();
        for stream in STREAMS.into_iter().filter(|stream| *stream != READ_BY_TOOLS) {
            let first = Log::new(operator).bounds(stream).await?.first_sequence;
            let copied = carry(&self.database, active, &self.schema, stream, first).await?;
            if copied > 0 {
                carried.insert(stream, copied);
            }
        }
        Ok(carried)
    }
}

/// A transaction that sees one moment of all schemas.
async fn snapshot(database: &PgPool) -> Result<sqlx::PgTransaction<'static>, sqlx::Error> {
    let mut transaction = database
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    // The first statement is what the moment is taken at.
    let connection: &mut PgConnection = &mut transaction;
    sqlx::query("SELECT FROM projection_checkpoints")
        .execute(connection)
        .await?;
    Ok(transaction)
}

/// How far the active generation is.
pub(super) async fn goal(
    operator: &Connection,
    active: &PgPool,
    accept: bool,
) -> Result<Vec<(&'static str, Until)>, Error> {
    goal_at(operator, &checkpoint::list(active).await?, accept).await
}

/// As far as `checkpoints` say, in streams that go that far.
pub(super) async fn goal_at(
    operator: &Connection,
    checkpoints: &[Checkpoint],
    accept: bool,
) -> Result<Vec<(&'static str, Until)>, Error> {
    let mut goal = as_far_as(checkpoints);
    for (stream, until) in &mut goal {
        let last = Log::new(operator).bounds(stream).await?.last_sequence;
        if let Until::At(checkpoint) = *until
            && checkpoint > last
        {
            if !accept {
                return Err(Error::Ahead {
                    stream,
                    checkpoint,
                    last,
                });
            }
            *until = Until::At(last);
        }
    }
    Ok(goal)
}

/// Compares what the tables hold with what this build makes of the log, up to the same place, in a generation that goes again
/// unless it is to be kept.
///
/// # Errors
/// [`Error`]; nothing of the tables is changed.
pub async fn diff(
    url: &SecretString,
    operator: &Connection,
    keep: bool,
    mut progress: impl FnMut(&[Progress]) + Send,
) -> Result<Compared, Error> {
    let active = database::connect(url, "infragpt diff")?;
    check_migrations(&active).await?;
    let exclusive = Exclusive::acquire(url).await?;
    // What an earlier one kept is of no use beside this one.
    while let Some((id, name, _)) = registry::newest(&active, &[State::Kept]).await? {
        registry::forget(&active, id, &name).await?;
    }
    let building = Building::begin(url, &active, State::Kept).await?;
    let compared = building.complete(operator, &active, false, &mut progress).await;
    building.database.close().await;
    let compared = match compared {
        Ok(compared) if keep => {
            registry::built(&mut *active.acquire().await?, building.id, compared.sequence).await?;
            Ok(compared)
        }
        compared => {
            registry::forget(&active, building.id, &building.schema).await?;
            compared.map(|compared| Compared {
                schema: None,
                ..compared
            })
        }
    };
    exclusive.release().await;
    active.close().await;
    compared
}

/// All tables of a schema, by their full names.
pub(super) fn tables_of(schema: &str) -> String {
    let tables = schema::TABLES.iter().chain([&CHECKPOINTS]);
    let names: Vec<String> = tables.map(|table| format!("{}.{table}", quoted(schema))).collect();
    names.join(", ")
}
