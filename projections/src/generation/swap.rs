//! One generation in the place of another, in one transaction: whoever reads sees all of the one or all of the other.

use std::time::{Duration, Instant};

use infragpt_nats::Connection;
use sqlx::{PgConnection, PgPool};

use super::{
    Error,
    build::{goal_at, tables_of},
    fill::fill,
    registry::{self, State},
    schema::{self, CHECKPOINTS, TABLES, quoted},
};
use crate::{checkpoint, column};

/// How long it is tried.
const PATIENCE: Duration = Duration::from_mins(1);

/// SQLSTATE `lock_not_available` and `deadlock_detected`
/// (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
const IN_USE: [&str; 2] = ["55P03", "40P01"];

/// What takes the place of the active generation.
#[derive(Debug)]
pub(super) struct Swap<'a> {
    pub operator: &'a Connection,
    /// The active generation, whatever that is.
    pub active: &'a PgPool,
    /// The tables of the other, before and after they are the active ones.
    pub incoming: &'a PgPool,
    pub id: i32,
    pub schema: &'a str,
    /// As in [`goal_at`].
    pub accept: bool,
}

impl Swap<'_> {
    /// Does it, and returns the place in EVENTS of both.
    ///
    /// A reader waits for a quarter of a second at most, and only where another one is slow: the swap gives up and tries again,
    /// instead of having everybody wait behind it.
    pub async fn run(&self) -> Result<u64, Error> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            match self.attempt().await {
                Err(Error::Postgres(error)) if is_in_use(&error) => {
                    tracing::debug!(%error, "The tables are in use, trying to swap them again");
                    if began.elapsed() > PATIENCE {
                        return Err(Error::InUse);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                other => return other,
            }
        }
    }

    async fn attempt(&self) -> Result<u64, Error> {
        let mut transaction = self.active.begin().await?;
        let connection: &mut PgConnection = &mut transaction;
        sqlx::raw_sql(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
             SET LOCAL lock_timeout = '5s'",
        )
        .execute(&mut *connection)
        .await?;
        let place = schema::active(&mut *connection).await?;
        let outgoing = outgoing(&mut *connection).await?;
        // The projector waits from here on, readers don't.
        schema::execute(&mut *connection, format!("LOCK TABLE {CHECKPOINTS} IN EXCLUSIVE MODE")).await?;
        let checkpoints = checkpoint::list(&mut *connection).await?;
        let goal = goal_at(self.operator, &checkpoints, self.accept).await?;
        fill(self.operator, self.incoming, &goal, &mut |_| {}).await?;
        // Vacuuming gives way to whoever waits for a second: readers shall not be those who wait behind it.
        schema::execute(
            &mut *connection,
            format!(
                "LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
                tables_of(&place),
                tables_of(self.schema)
            ),
        )
        .await?;
        schema::execute(
            &mut *connection,
            format!(
                "SET LOCAL lock_timeout = '250ms'; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
                tables_of(&place)
            ),
        )
        .await?;
        let sequence = exchange(&mut *connection, &place, self.schema, &outgoing.1).await?;
        sqlx::query(
            "UPDATE projection_generations SET state = 'previous', schema_name = $2, sequence = $3 WHERE state = 'active' AND id = $1",
        )
        .bind(outgoing.0)
        .bind(&outgoing.1)
        .bind(sequence)
        .execute(&mut *connection)
        .await?;
        sqlx::query("UPDATE projection_generations SET state = 'active', schema_name = NULL WHERE id = $1")
            .bind(self.id)
            .execute(&mut *connection)
            .await?;
        registry::built(&mut *connection, self.id, u64::try_from(sequence).unwrap_or(0)).await?;
        transaction.commit().await?;
        Ok(u64::try_from(sequence).unwrap_or(0))
    }
}

/// The active generation, and the schema that it will have.
async fn outgoing(connection: &mut PgConnection) -> Result<(i32, String), sqlx::Error> {
    let id: i32 = sqlx::query_scalar("SELECT id FROM projection_generations WHERE state = $1")
        .bind(State::Active.as_str())
        .fetch_one(connection)
        .await?;
    Ok((id, schema::name(id)))
}

/// Moves the tables, with what belongs to them: indexes, policies, grants, comments.
async fn exchange(
    connection: &mut PgConnection,
    place: &str,
    incoming: &str,
    outgoing: &str,
) -> Result<i64, sqlx::Error> {
    let (place, incoming, outgoing) = (quoted(place), quoted(incoming), quoted(outgoing));
    let move_all = |from: &str, to: &str| {
        let tables = TABLES.iter().chain([&CHECKPOINTS]);
        let moves: Vec<String> = tables
            .map(|table| format!("ALTER TABLE {from}.{table} SET SCHEMA {to};"))
            .collect();
        moves.concat()
    };
    // What is left in the schema of the new one is about no generation: empty copies of the tables that stay where they are.
    let statements = format!(
        "CREATE SCHEMA {outgoing}; {} {} DROP SCHEMA {incoming} CASCADE",
        move_all(&place, &outgoing),
        move_all(&incoming, &place)
    );
    schema::execute(&mut *connection, statements).await?;
    let sequence: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "SELECT sequence FROM {place}.{CHECKPOINTS} WHERE stream = $1"
    )))
    .bind(checkpoint::READ_BY_TOOLS)
    .fetch_optional(connection)
    .await?;
    Ok(sequence.unwrap_or_else(|| column::sequence(0)))
}

fn is_in_use(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| IN_USE.contains(&&*code))
}
