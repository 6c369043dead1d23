//! `infragpt dead-letters list`: what could not be handled, by cause or one by one.

use clap::Args;
use infragpt_operations::dead_letters::{find, group};

use super::{choice::Filter, failure};
use crate::{
    command::{
        connect,
        output::{Format, Output, Table},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `list` can be told.
#[derive(Debug, Clone, Args)]
pub struct List {
    /// List single letters
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    format: Format,
}

impl List {
    /// Lists them. None is the usual state.
    ///
    /// # Errors
    /// When the filter can't be meant, or the letters not be read.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let wanted = self.filter.wanted()?;
        let connection = connect(configuration, NatsUser::Operator).await?;
        let letters = find(&connection, &wanted).await.map_err(failure)?;
        connection.drain().await;
        let mut output = Output::paged(self.format);
        if letters.is_empty() {
            output.note("no dead letters, as it should be")?;
            return Ok(());
        }
        if self.each {
            let mut table = Table::new(["LETTER", "SINCE", "CONSUMER", "MESSAGE", "TYPE", "REASON"]);
            for letter in &letters {
                if output.is_json() {
                    output.record(letter)?;
                }
                table.row([
                    letter.place(),
                    letter.stored_at.format("%F %T").to_string(),
                    letter.consumer.clone(),
                    letter.original_place(),
                    letter.short_kind().to_owned(),
                    letter.reason.clone(),
                ]);
            }
            output.note(&table.to_string())?;
            return Ok(());
        }
        let mut table = Table::new(["COUNT", "CONSUMER", "CAUSE", "FIRST", "LAST", "FOR EXAMPLE"]);
        for group in group(&letters) {
            if output.is_json() {
                output.record(&group)?;
            }
            table.row([
                group.count.to_string(),
                group.consumer,
                group.cause,
                group.first_at.format("%F %T").to_string(),
                group.last_at.format("%F %T").to_string(),
                group.example,
            ]);
        }
        output.note(&table.to_string())?;
        Ok(())
    }
}
