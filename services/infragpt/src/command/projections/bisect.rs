//! `infragpt projections bisect`: the event after which something was no longer so.

use anyhow::anyhow;
use clap::Args;
use infragpt_projections::generation::{self, Bisected, Question, Turn};
use serde_json::Value;

use super::{database_url, diff::short, failure, shown};
use crate::{
    command::{
        connect,
        output::{Format, Output},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `bisect` can be told.
#[derive(Debug, Clone, Args)]
pub struct Bisect {
    /// A query that gives one boolean: which event made it false?
    #[arg(long, value_name = "SELECT", conflicts_with = "row", required_unless_present = "row")]
    assert: Option<String>,
    /// A row, by its table and its key: which events made, changed or deleted it?
    #[arg(long, num_args = 2.., value_names = ["TABLE", "COLUMN=VALUE"])]
    row: Vec<String>,
    /// Since when a column of the row is this
    #[arg(long, value_name = "COLUMN=VALUE", requires = "row", conflicts_with = "was")]
    is: Option<String>,
    /// Until when a column of the row was this
    #[arg(long, value_name = "COLUMN=VALUE", requires = "row")]
    was: Option<String>,
    #[command(flatten)]
    format: Format,
}

impl Bisect {
    /// Looks.
    ///
    /// # Errors
    /// Findings where no event did that; usage where it can't be asked.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let question = self.question()?;
        let url = database_url(configuration)?;
        let operator = connect(configuration, NatsUser::Operator).await?;
        let (bar, progress) = shown("looking");
        let found = generation::bisect(url, &operator, &question, progress).await;
        bar.finish_and_clear();
        let found = found.map_err(failure)?;
        operator.drain().await;
        let mut output = Output::paged(self.format);
        print(&mut output, &found)?;
        drop(output);
        if found.count == 0 {
            return Err(Failure::findings(anyhow!(
                "no event did that, of {}; {}",
                found.events,
                match found.now {
                    None => "there is nothing like it in the end".to_owned(),
                    Some(now) => format!("in the end it is {}", short(&now)),
                }
            )));
        }
        Ok(())
    }

    fn question(&self) -> Result<Question, Failure> {
        if let Some(assertion) = &self.assert {
            return Ok(Question::Assertion(assertion.clone()));
        }
        let (table, key) = self.row.split_first().unwrap_or((&self.row[0], &[]));
        let key = key.iter().map(|pair| pair_of(pair)).collect::<Result<Vec<_>, _>>()?;
        let table = table.clone();
        Ok(match (&self.is, &self.was) {
            (None, None) => Question::Row { table, key },
            (Some(pair), _) | (None, Some(pair)) => {
                let (column, value) = pair_of(pair)?;
                Question::Column {
                    table,
                    key,
                    column,
                    value,
                    began: self.is.is_some(),
                }
            }
        })
    }
}

fn pair_of(text: &str) -> Result<(String, String), Failure> {
    text.split_once('=')
        .map(|(column, value)| (column.to_owned(), value.to_owned()))
        .ok_or_else(|| Failure::usage(anyhow!("`{text}` names no value: write column=value")))
}

fn print(output: &mut Output, found: &Bisected) -> Result<(), Failure> {
    if output.is_json() {
        return Ok(output.record(found)?);
    }
    if found.count > found.turns.len() {
        output.text(&format!("the last {} of {} events:", found.turns.len(), found.count))?;
    }
    for turn in &found.turns {
        output.text(&said(turn))?;
    }
    Ok(())
}

fn said(turn: &Turn) -> String {
    let mut lines = vec![format!(
        "EVENTS#{}  {}  {}  {}",
        turn.sequence,
        turn.stored_at.format("%F %T%.3f"),
        turn.kind,
        turn.event_id
    )];
    match (&turn.before, &turn.after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let changed = after
                .iter()
                .filter(|(column, value)| before.get(*column) != Some(*value));
            for (column, value) in changed {
                let before = before.get(column).unwrap_or(&Value::Null);
                lines.push(format!("    {column}: {} → {}", short(before), short(value)));
            }
        }
        (None, Some(Value::Object(_))) => lines.push("    the row appeared".to_owned()),
        (Some(Value::Object(_)), None) => lines.push("    the row vanished".to_owned()),
        _ => {
            for (table, rows) in &turn.wrote {
                for row in rows {
                    lines.push(format!("    {table}: {}", short(row)));
                }
            }
        }
    }
    lines.join("\n")
}
