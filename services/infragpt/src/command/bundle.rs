//! `infragpt bundle`: a case in one file.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Subcommand;
use infragpt_operations::{Bundle, bundle};

use super::{
    finding::Finding,
    output::{Format, Output},
    tail::line,
};
use crate::{configuration::Configuration, failure::Failure, serve::now};

/// What can be done with bundles.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// Write everything that a case needs into one file, without secrets
    Export {
        /// The case: what `infragpt trace` takes
        #[arg(long, value_name = "ANYTHING")]
        trace: String,
        /// The file; it must not be there yet
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Check a bundle and show what is in it; `infragpt replay --bundle` replays it
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        format: Format,
    },
}

impl Action {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such case, or the file is no bundle.
    pub async fn run(self, configuration: impl FnOnce() -> Result<Configuration, Failure>) -> Result<(), Failure> {
        match self {
            Self::Export { trace, output } => {
                let finding = Finding::look_up(&configuration()?, &trace).await?;
                let connection = finding.connection.clone();
                let exported = export(finding, &trace, &output).await;
                connection.drain().await;
                println!("{}", exported?);
                Ok(())
            }
            Self::Import { file, format } => {
                let bundle = read(&file)?;
                let mut output = Output::paged(format);
                output.note(&format!(
                    "{}, made on {} by build {}: {} facts and events",
                    bundle.header.case,
                    bundle.header.made_at.format("%F %T UTC"),
                    bundle.header.made_by,
                    bundle.events.len(),
                ))?;
                for event in &bundle.events {
                    output.item(event, || line(event))?;
                }
                Ok(())
            }
        }
    }
}

/// The bundle in `file`.
///
/// # Errors
/// Usage, when it is none.
pub fn read(file: &Path) -> Result<Bundle, Failure> {
    let opened = File::open(file).with_context(|| format!("{} can't be opened", file.display()));
    let bundle = Bundle::read(BufReader::new(opened.map_err(Failure::usage)?));
    bundle.map_err(|error| {
        Failure::usage(anyhow::Error::from(error).context(format!("{} can't be used", file.display())))
    })
}

async fn export(finding: Finding, trace: &str, output: &Path) -> Result<String, Failure> {
    let connection = finding.connection.clone();
    let case = finding.stored_case().await?;
    let all = bundle::collect(&connection, case).await.map_err(anyhow::Error::from)?;
    let bundle = Bundle::new(trace, now(), &all);
    // Beside and renamed, so that nobody finds half of it; for its owner alone, because people's messages are in it.
    let partial = output.with_extension("partial");
    if output.exists() {
        return Err(Failure::usage(anyhow!("{} is there already", output.display())));
    }
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial);
    let file = file.with_context(|| format!("{} can't be written", partial.display()))?;
    bundle
        .write(BufWriter::new(file))
        .and_then(|()| fs::rename(&partial, output))
        .with_context(|| format!("{} can't be written", output.display()))?;
    Ok(format!(
        "{}: {} facts and events, without secrets; `infragpt replay --bundle {}` replays them anywhere",
        output.display(),
        bundle.events.len(),
        output.display(),
    ))
}
