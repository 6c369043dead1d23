//! `infragpt dead-letters discard`: what will never be handled, and need not be.

use clap::Args;
use infragpt_operations::{Operator, dead_letters::Repair};

use super::{choice::Choice, work::each};
use crate::{
    command::{ask::operator, connect, output::Format},
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `discard` can be told.
#[derive(Debug, Clone, Args)]
pub struct Discard {
    #[command(flatten)]
    choice: Choice,
    /// How many a second at most: the server writes a block of its file again for each
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    rate: f64,
    #[command(flatten)]
    format: Format,
}

impl Discard {
    /// Removes them. The messages themselves stay in their own streams as long as those keep them.
    ///
    /// # Errors
    /// Findings where one stays.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let connection = connect(configuration, NatsUser::Operator).await?;
        let letters = self.choice.letters(&connection, "discard").await?;
        let repair = Repair::new(Operator::new(&connection, operator(), self.choice.reason.clone()));
        let done = each(&letters, self.rate, self.format, async |letter| {
            repair.discard(letter).await
        })
        .await;
        connection.drain().await;
        done
    }
}
