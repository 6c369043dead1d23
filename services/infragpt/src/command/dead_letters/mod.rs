//! `infragpt dead-letters`: what could not be handled, why, and what to do about it.

mod choice;
mod discard;
mod list;
mod retry;
mod show;
mod work;

use clap::Subcommand;
use infragpt_operations::dead_letters;

use crate::{configuration::Configuration, failure::Failure};

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// List them, grouped by cause
    List(Box<list::List>),
    /// Show one: why it is one, what it says, and what can be done
    Show(show::Show),
    /// Have them handled again; what is handled is no longer a dead letter
    Retry(Box<retry::Retry>),
    /// Remove them for ever
    Discard(Box<discard::Discard>),
}

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// Findings where a letter stays or isn't there, usage where none is meant.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(configuration).await,
            Self::Show(show) => show.run(configuration).await,
            Self::Retry(retry) => retry.run(configuration).await,
            Self::Discard(discard) => discard.run(configuration).await,
        }
    }
}

fn failure(error: dead_letters::Error) -> Failure {
    Failure::from(anyhow::Error::from(error))
}
