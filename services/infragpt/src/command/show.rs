//! `infragpt show`: one event with all that is known of it.

use std::fmt::Write as _;

use anyhow::anyhow;
use clap::Args;
use infragpt_operations::{Event, Finder, Found, Target, finder::Aggregate, meaning::Meaning};
use serde::Serialize;

use super::{
    finding::{Finding, failure},
    output::{Format, Output},
    tail::line,
};
use crate::{configuration::Configuration, failure::Failure};

/// More events than this are not shown one after the other: whoever means one of them is told which there are.
const MOST: usize = 5;

/// What `show` can be told.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// An event's id or its beginning, a place (`EVENTS#42`), a Slack permalink, a GitHub delivery, an answer's id
    reference: String,
    #[command(flatten)]
    format: Format,
}

/// An event with all that is known of it.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    found: Found,
    #[serde(flatten)]
    meaning: Meaning,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregate: Option<Numbered>,
    caused_by: Vec<Event>,
    caused: Vec<Event>,
}

/// Which of an aggregate's changes an event is.
#[derive(Debug, Serialize)]
struct Numbered {
    #[serde(flatten)]
    aggregate: Aggregate,
    /// From 1.
    version: usize,
    /// How many there are.
    versions: usize,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// Findings where nothing has the reference, usage where it can't be one, or is one of many events.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let Finding {
            connection,
            finder,
            target,
        } = Finding::look_up(configuration, &self.reference).await?;
        let events = events(&self.reference, target)?;
        let mut output = Output::paged(self.format);
        for (index, found) in events.into_iter().enumerate() {
            let shown = Shown::of(&finder, found).await?;
            if index > 0 {
                output.note("")?;
            }
            output.item(&shown, || shown.text())?;
        }
        drop(output);
        connection.drain().await;
        Ok(())
    }
}

fn events(reference: &str, target: Target) -> Result<Vec<Found>, Failure> {
    let events = match target {
        Target::Events(events) => events,
        Target::Aggregate(aggregate) => {
            return Err(Failure::usage(anyhow!(
                "`{reference}` is no event but a whole {}: `infragpt timeline {reference}` has what happened to it",
                aggregate.kind
            )));
        }
        Target::Organization(organization) => {
            return Err(Failure::usage(anyhow!(
                "`{organization}` is no event but an organization: `infragpt timeline {organization}` has what happened to it"
            )));
        }
    };
    if events.len() <= MOST {
        return Ok(events);
    }
    let lines: Vec<String> = events.iter().map(|found| line(&found.event)).collect();
    Err(Failure::usage(anyhow!(
        "{} events go back to `{reference}`: `infragpt trace {reference}` has them all, or show one of\n{}",
        events.len(),
        lines.join("\n")
    )))
}

impl Shown {
    async fn of(finder: &Finder, found: Found) -> Result<Self, Failure> {
        let (caused_by, caused) = finder.around(&found).await.map_err(failure)?;
        let aggregate = match Aggregate::of(&found.event) {
            Some(aggregate) => {
                let (version, versions) = finder.version(&aggregate, &found.event).await.map_err(failure)?;
                Some(Numbered {
                    aggregate,
                    version,
                    versions,
                })
            }
            None => None,
        };
        let events = |found: Vec<Found>| found.into_iter().map(|found| found.event).collect();
        Ok(Self {
            meaning: Meaning::of(&found.event),
            aggregate,
            caused_by: events(caused_by),
            caused: events(caused),
            found,
        })
    }

    fn text(&self) -> String {
        let event = &self.found.event;
        let mut text = format!("{}\n{}\n", event.place(), self.meaning.words);
        if let Some(problem) = &self.meaning.problem {
            let _ = writeln!(text, "! {problem}");
        }
        if self.found.is_gone {
            let _ = writeln!(text, "! {} no longer has it: only the index tells of it", event.stream);
        }
        if let Some(verdict) = &self.found.verdict {
            let _ = writeln!(
                text,
                "! dead after {} tries of {}: {}",
                verdict.attempts, verdict.consumer, verdict.reason
            );
            let _ = writeln!(text, "! it stands at {}#{}", verdict.stream, verdict.sequence);
        }
        if let Some(numbered) = &self.aggregate {
            let Numbered {
                aggregate: Aggregate { kind, organization, id },
                version,
                versions,
            } = numbered;
            let _ = writeln!(text, "version {version} of {versions} of {kind} {id} of {organization}");
        }
        text.push('\n');
        let stored = event.stored_at.format("%F %T%.6f UTC").to_string();
        let happened = event.time.map(|time| time.format("%F %T%.6f UTC").to_string());
        let fields = [
            ("id", Some(event.id.clone())),
            ("type", Some(event.kind.clone())),
            ("subject", Some(event.subject.clone())),
            ("source", Some(event.source.clone())),
            ("stored", Some(stored)),
            ("happened", happened),
            ("organization", event.organization.clone()),
            ("actor", event.actor.clone()),
            ("case", event.correlation.clone()),
            ("follows from", event.causation.clone()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                let _ = writeln!(text, "{name:<16}  {value}");
            }
        }
        for (name, value) in &event.attributes {
            let _ = writeln!(text, "{name:<16}  {value}");
        }
        match &event.data {
            serde_json::Value::Null => {}
            serde_json::Value::String(data) => {
                let _ = write!(text, "\n{data}\n");
            }
            data => {
                let _ = write!(text, "\n{}\n", serde_json::to_string_pretty(data).unwrap_or_default());
            }
        }
        for (heading, events) in [("Caused by", &self.caused_by), ("Caused", &self.caused)] {
            let _ = write!(text, "\n{heading}");
            if events.is_empty() {
                text.push_str("\n  nothing that is in the log");
            }
            for event in events {
                let _ = write!(text, "\n  {}", line(event));
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }
}
