//! What can be asked of a generation at a place in the log.

use serde_json::Value;
use sqlx::{Acquire as _, AssertSqlSafe, Column as _, PgConnection, Row as _};

use super::{
    Error,
    difference::key,
    schema::{CHECKPOINTS, TABLES, execute, quoted},
};
use crate::wall;

/// SQLSTATE `query_canceled`: the statement's time is over.
const CANCELLED: &str = "57014";

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    /// A query that gives one boolean: when was it no longer true?
    Assertion(String),
    /// When did this row appear, change or vanish?
    Row {
        /// The table.
        table: String,
        /// The columns of its key and their values, as text.
        key: Vec<(String, String)>,
    },
    /// When did a column of this row begin, or cease, to be this?
    Column {
        /// The table.
        table: String,
        /// The columns of its key and their values, as text.
        key: Vec<(String, String)>,
        /// The column.
        column: String,
        /// Its value, as text.
        value: String,
        /// Whether it began to be so, and not ceased.
        began: bool,
    },
}

/// A question in the form in which it is asked.
#[derive(Debug)]
pub(super) struct Probe {
    statement: String,
    values: Vec<String>,
    turn: Turns,
}

#[derive(Debug, Clone, Copy)]
enum Turns {
    /// Any difference.
    Any,
    /// From true to anything else.
    Ceases,
    /// From anything else to true.
    Begins,
}

impl Probe {
    /// Checks the question with the tables of `connection`.
    pub async fn new(connection: &mut PgConnection, question: &Question) -> Result<Self, Error> {
        let (table, named) = match question {
            Question::Assertion(statement) => {
                let probe = Self {
                    statement: statement.trim().trim_end_matches(';').to_owned(),
                    values: vec![],
                    turn: Turns::Ceases,
                };
                // Whether PostgreSQL understands it shows before anything is read.
                let mut transaction = connection.begin().await?;
                probe.look(&mut transaction).await?;
                transaction.rollback().await?;
                return Ok(probe);
            }
            Question::Row { table, key } | Question::Column { table, key, .. } => (table, key),
        };
        if !TABLES.contains(&table.as_str()) {
            return Err(unknown("table", table, TABLES.iter().copied()));
        }
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        )
        .bind(table)
        .fetch_all(&mut *connection)
        .await?;
        let asked = named.iter().map(|(column, _)| column);
        let shown = match question {
            Question::Column { column, .. } => Some(column),
            _ => None,
        };
        for column in asked.chain(shown) {
            if !columns.contains(column) {
                return Err(unknown("column", column, columns.iter().map(String::as_str)));
            }
        }
        let keys = key(connection, table).await?;
        if !keys.iter().all(|column| named.iter().any(|(name, _)| name == column)) {
            return Err(Error::Key {
                table: table.clone(),
                key: keys.join(", "),
            });
        }
        let mut values: Vec<String> = named.iter().map(|(_, value)| value.clone()).collect();
        let conditions: Vec<String> = (1..)
            .zip(named)
            .map(|(number, (column, _))| format!("entry.{}::text = ${number}", quoted(column)))
            .collect();
        let (what, turn) = match question {
            Question::Column {
                column, value, began, ..
            } => {
                values.push(value.clone());
                let what = format!("to_jsonb(entry.{}::text = ${})", quoted(column), values.len());
                (what, if *began { Turns::Begins } else { Turns::Ceases })
            }
            _ => ("to_jsonb(entry)".to_owned(), Turns::Any),
        };
        Ok(Self {
            statement: format!("SELECT {what} FROM {table} AS entry WHERE {}", conditions.join(" AND ")),
            values,
            turn,
        })
    }

    /// Whether what was asked for happened between two answers.
    pub fn is_turn(&self, before: Option<&Value>, after: Option<&Value>) -> bool {
        let is_true = |answer: Option<&Value>| answer == Some(&Value::Bool(true));
        match self.turn {
            Turns::Any => before != after,
            Turns::Ceases => is_true(before) && !is_true(after),
            Turns::Begins => !is_true(before) && is_true(after),
        }
    }

    /// The answer now. Whatever the question does is undone: it is asked in a subtransaction that can only read, as the role
    /// that owns nothing, which is let in for this long and sees all rows because nobody else does.
    pub async fn look(&self, connection: &mut PgConnection) -> Result<Option<Value>, Error> {
        if !self.values.is_empty() {
            let mut query = sqlx::query_scalar(AssertSqlSafe(self.statement.clone()));
            for value in &self.values {
                query = query.bind(value);
            }
            return Ok(query.fetch_optional(connection).await?.flatten());
        }
        let mut look = connection.begin().await?;
        let role = wall::ROLE;
        let tables = TABLES.iter().chain([&CHECKPOINTS]);
        let open: Vec<String> = tables
            .map(|table| format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; GRANT SELECT ON {table} TO {role};"))
            .collect();
        let statements = format!(
            "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {role}', current_schema()); END $$; {}
             SET LOCAL ROLE {role}; SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = '10s'",
            open.concat()
        );
        execute(&mut *look, statements).await?;
        let rows = sqlx::query(AssertSqlSafe(self.statement.clone()))
            .persistent(false)
            .fetch_all(&mut *look)
            .await
            .map_err(refused);
        look.rollback().await?;
        let rows = rows?;
        let row = match rows.as_slice() {
            [] => return Ok(None),
            [row] if row.len() == 1 => row,
            [row] => return Err(Error::NoBoolean(format!("{} columns", row.len()))),
            rows => return Err(Error::NoBoolean(format!("{} rows", rows.len()))),
        };
        let answer: Option<bool> = row
            .try_get(0)
            .map_err(|_| Error::NoBoolean(format!("`{}`", row.column(0).type_info())))?;
        Ok(answer.map(Value::Bool))
    }
}

/// What PostgreSQL says of a question, in its words.
fn refused(error: sqlx::Error) -> Error {
    match error.as_database_error() {
        Some(database) if database.code().as_deref() == Some(CANCELLED) => {
            Error::Assertion("it took longer than 10 s".to_owned())
        }
        Some(database) => Error::Assertion(database.message().to_owned()),
        None => error.into(),
    }
}

/// How alike two names are that one is offered for the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// That there is no such thing, and what is most like it.
pub(super) fn unknown<'a>(what: &'static str, name: &str, there: impl Iterator<Item = &'a str>) -> Error {
    let nearest = there
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    Error::Unknown {
        what,
        name: name.to_owned(),
        nearest: nearest.map(|(_, candidate)| candidate.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_nothing_far_away() {
        let of = |name| unknown("table", name, TABLES.iter().copied()).to_string();
        assert_eq!(of("change"), "there is no table `change`: did you mean `changes`?");
        assert_eq!(
            of("conversation_mesages"),
            "there is no table `conversation_mesages`: did you mean `conversation_messages`?"
        );
        assert_eq!(of("xyzzyxyzzyxyzzy"), "there is no table `xyzzyxyzzyxyzzy`");
    }
}
