//! `infragpt events`: what is written down, told from the code. Nothing is asked for it.

use std::io;

use clap::Subcommand;
use infragpt_operations::catalogue;

use super::output::{Format, Output};

/// How every event can be told.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Action {
    /// A page about every event and fact in Markdown; with --json, one event a line with its schema and an example
    Catalogue {
        #[command(flatten)]
        format: Format,
    },
    /// An AsyncAPI 3 document of the same; with --json, on one line
    Asyncapi {
        #[command(flatten)]
        format: Format,
    },
}

impl Action {
    /// Prints it.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn run(self) -> io::Result<()> {
        match self {
            Self::Catalogue { format } => {
                let mut output = Output::paged(format);
                if output.is_json() {
                    for entry in catalogue::entries() {
                        output.record(&entry)?;
                    }
                }
                output.note(catalogue::markdown().trim_end())
            }
            Self::Asyncapi { format } => {
                let document = catalogue::asyncapi();
                Output::paged(format).item(&document, || format!("{document:#}"))
            }
        }
    }
}
