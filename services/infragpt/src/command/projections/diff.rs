//! `infragpt projections diff`: what the tables hold, and what the log says.

use anyhow::anyhow;
use clap::Args;
use infragpt_projections::generation::{self, Kind, TableDifference};
use serde_json::Value;

use super::{database_url, failure, shown};
use crate::{
    command::{
        connect,
        output::{Format, Output},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `diff` can be told.
#[derive(Debug, Clone, Args)]
pub struct Diff {
    /// Keep the schema with what the log says, to look at
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    format: Format,
}

impl Diff {
    /// Compares.
    ///
    /// # Errors
    /// Findings where something differs.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let url = database_url(configuration)?;
        let operator = connect(configuration, NatsUser::Operator).await?;
        let (bar, progress) = shown("projecting");
        let compared = generation::diff(url, &operator, self.keep, progress).await;
        bar.finish_and_clear();
        let compared = compared.map_err(failure)?;
        operator.drain().await;
        let mut output = Output::paged(self.format);
        if output.is_json() {
            output.record(&compared)?;
        } else {
            print(&mut output, &compared.differences)?;
            for (stream, count) in &compared.carried {
                output.text(&format!(
                    "{stream} no longer keeps {count} facts, whose places can't be compared"
                ))?;
            }
            if let Some(schema) = &compared.schema {
                output.text(&format!("what the log says is kept in the schema {schema}"))?;
            }
            if compared.differences.is_empty() {
                output.text(&format!("the same up to EVENTS#{}", compared.sequence))?;
            }
        }
        drop(output);
        if compared.differences.is_empty() {
            return Ok(());
        }
        Err(Failure::findings(anyhow!(
            "the log says something else in {}",
            named(&compared.differences)
        )))
    }
}

/// The tables that differ.
pub fn named(differences: &[TableDifference]) -> String {
    let tables: Vec<&str> = differences.iter().map(|table| table.table).collect();
    tables.join(", ")
}

/// Prints for people what differs, as bounded as it is.
pub fn print(output: &mut Output, differences: &[TableDifference]) -> Result<(), Failure> {
    for table in differences {
        output.text(&said(table))?;
    }
    Ok(())
}

fn said(table: &TableDifference) -> String {
    let mut lines = vec![format!(
        "{}: {} missing, {} that should not be there, {} different",
        table.table, table.missing, table.extra, table.different
    )];
    for row in &table.rows {
        let key: Vec<String> = row
            .key
            .iter()
            .map(|(column, value)| format!("{column}={}", short(value)))
            .collect();
        let sign = match row.kind {
            Kind::Missing => '-',
            Kind::Extra => '+',
            Kind::Different => '~',
        };
        lines.push(format!("  {sign} {}", key.join(" ")));
        for (column, (there, made)) in &row.columns {
            lines.push(format!("      {column}: {} instead of {}", short(there), short(made)));
        }
    }
    let all = usize::try_from(table.missing + table.extra + table.different).unwrap_or(usize::MAX);
    if all > table.rows.len() {
        lines.push(format!("  and {} more", all - table.rows.len()));
    }
    lines.join("\n")
}

/// A value, as long as a line allows.
pub fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    infragpt_operations::event::shortened(&text, 60)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infragpt_projections::generation::Difference;
    use serde_json::json;

    use super::*;

    #[test]
    fn people_read_which_row_and_which_column() {
        let table = TableDifference {
            table: "changes",
            missing: 1,
            extra: 0,
            different: 3,
            rows: vec![
                Difference {
                    kind: Kind::Missing,
                    key: BTreeMap::from([("id".to_owned(), json!("7"))]),
                    columns: BTreeMap::new(),
                },
                Difference {
                    kind: Kind::Different,
                    key: BTreeMap::from([("id".to_owned(), json!("8"))]),
                    columns: BTreeMap::from([("kind".to_owned(), (json!("release"), json!("push")))]),
                },
            ],
        };
        assert_eq!(
            said(&table),
            "changes: 1 missing, 0 that should not be there, 3 different\n  \
               - id=7\n  \
               ~ id=8\n      \
                   kind: release instead of push\n  \
               and 2 more"
        );
    }
}
