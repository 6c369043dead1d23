//! `infragpt trace`: what led to something, and what that led to.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use infragpt_operations::{Finder, Found, Target, Trace as Picture};

use super::{
    finding::{Finding, failure},
    output::{Format, Output},
};
use crate::{configuration::Configuration, failure::Failure};

/// What `trace` can be told.
#[derive(Debug, Clone, Args)]
pub struct Trace {
    /// An id of an event, case, conversation, integration, answer or delivery, a place (`EVENTS#42`), or a Slack permalink
    reference: String,
    /// What to make of it; with `--json` it is JSON
    #[arg(long = "format", value_enum, value_name = "FORMAT", conflicts_with = "json")]
    shape: Option<Shape>,
    /// Write it to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

/// What a trace can be made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A tree for the terminal
    Tree,
    /// One JSON object
    Json,
    /// A flow chart for Markdown
    Mermaid,
    /// One page with a waterfall, that needs nothing else
    Html,
}

impl Trace {
    /// Traces it.
    ///
    /// # Errors
    /// Findings where nothing has the reference, usage where it can't be one, or the file can't be written.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let Finding {
            connection,
            finder,
            target,
        } = Finding::look_up(configuration, &self.reference).await?;
        let events = events(&finder, target).await?;
        let case = finder.case(events).await.map_err(failure)?;
        let trace = Picture::build(&case);
        connection.drain().await;
        let shape = match self.shape {
            _ if self.format.json => Shape::Json,
            shape => shape.unwrap_or(Shape::Tree),
        };
        if let Some(path) = &self.output {
            let mut text = rendered(&trace, shape)?;
            text.push('\n');
            return fs::write(path, text)
                .with_context(|| format!("{} can't be written", path.display()))
                .map_err(Failure::usage);
        }
        let mut output = match shape {
            Shape::Tree => Output::paged(self.format),
            Shape::Json | Shape::Mermaid | Shape::Html => Output::direct(self.format),
        };
        match shape {
            Shape::Json => output.record(&trace)?,
            _ => output.text(&rendered(&trace, shape)?)?,
        }
        Ok(())
    }
}

fn rendered(trace: &Picture, shape: Shape) -> Result<String, Failure> {
    Ok(match shape {
        Shape::Tree => trace.tree(),
        Shape::Json => serde_json::to_string(trace).map_err(anyhow::Error::from)?,
        Shape::Mermaid => trace.mermaid(),
        Shape::Html => trace.html(),
    })
}

/// The events from which the case is looked for.
pub(super) async fn events(finder: &Finder, target: Target) -> Result<Vec<Found>, Failure> {
    match target {
        Target::Events(events) => Ok(events),
        Target::Aggregate(aggregate) => finder.events_of(&aggregate).await.map_err(failure),
        Target::Organization(organization) => Err(Failure::usage(anyhow!(
            "`{organization}` is an organization, which is no case: `infragpt timeline {organization}` has what happened, \
             and each of that can be traced"
        ))),
    }
}
