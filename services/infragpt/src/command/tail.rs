//! `infragpt tail` and `infragpt grep`: what the log has, and what comes.

use anyhow::anyhow;
use clap::Args;
use infragpt_operations::{Event, Mode, Reader, Selection, event::shortened};

use super::{
    connect,
    output::{Format, Output, progress},
    select::{Matching, Select, hint_at_nothing, warn_of_cuts},
};
use crate::{
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `tail` can be told.
#[derive(Debug, Clone, Args)]
pub struct Tail {
    #[command(flatten)]
    select: Select,
    /// Begin with this many of what is there; without a range
    #[arg(short = 'n', long, default_value_t = 10, value_name = "COUNT")]
    lines: usize,
    /// End when everything that is there is shown
    #[arg(long)]
    no_follow: bool,
    /// Print whole payloads
    #[arg(long)]
    payload: bool,
    #[command(flatten)]
    format: Format,
}

/// What `grep` can be told.
#[derive(Debug, Clone, Args)]
pub struct Grep {
    /// A regular expression, looked for in subjects, attributes and payloads
    pattern: String,
    #[command(flatten)]
    matching: Matching,
    /// Print only how many there are
    #[arg(short, long)]
    count: bool,
    /// Stop after this many
    #[arg(short, long, value_name = "COUNT")]
    max_count: Option<u64>,
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    /// Print whole payloads
    #[arg(long)]
    payload: bool,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    format: Format,
}

impl Tail {
    /// Shows what is there, and then what comes, until Ctrl-C.
    ///
    /// # Errors
    /// When the selection can't be meant, or the log can't be read.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let selection = self.select.selection()?;
        let connection = connect(configuration, NatsUser::Operator).await?;
        let mode = if self.no_follow || self.select.ends() {
            Mode::Range
        } else {
            Mode::Follow
        };
        let reader = if self.select.has_range() {
            Reader::open(&connection, selection, mode).await
        } else {
            Reader::open_at_last(&connection, selection, self.lines, mode).await
        };
        let reader = reader.map_err(anyhow::Error::from)?;
        let mut printer = Printer {
            output: match mode {
                Mode::Range => Output::paged(self.format),
                Mode::Follow => Output::direct(self.format),
            },
            payload: self.payload,
        };
        let shown = until_interrupted(show(reader, &mut printer, u64::MAX)).await?;
        drop(printer);
        connection.drain().await;
        if shown == Some(0) {
            return Err(Failure::findings(anyhow!("nothing matches")));
        }
        Ok(())
    }
}

impl Grep {
    /// Shows what matches.
    ///
    /// # Errors
    /// Findings where nothing does, as `grep` has it.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let pattern = self.matching.pattern(&self.pattern)?;
        let selection = Selection {
            pattern: Some(pattern),
            ..self.select.selection()?
        };
        let connection = connect(configuration, NatsUser::Operator).await?;
        let mode = if self.follow { Mode::Follow } else { Mode::Range };
        let mut reader = Reader::open(&connection, selection, mode)
            .await
            .map_err(anyhow::Error::from)?;
        let most = self.max_count.unwrap_or(u64::MAX);
        let found = if self.count {
            until_interrupted(count(&mut reader, most)).await?
        } else {
            let mut printer = Printer {
                output: if self.follow {
                    Output::direct(self.format)
                } else {
                    Output::paged(self.format)
                },
                payload: self.payload,
            };
            until_interrupted(show(reader, &mut printer, most)).await?
        };
        connection.drain().await;
        let Some(found) = found else { return Ok(()) };
        if self.count {
            let mut output = Output::direct(self.format);
            output.item(&serde_json::json!({ "count": found }), || found.to_string())?;
        }
        if found == 0 {
            return Err(Failure::findings(anyhow!("nothing matches `{}`", self.pattern)));
        }
        Ok(())
    }
}

/// Does `work`, or as much of it as there is time for before Ctrl-C: then there is nothing to return.
///
/// # Errors
/// Those of `work`.
pub async fn until_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<Option<T>, Failure> {
    tokio::select! {
        done = work => done.map(Some),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            Ok(None)
        }
    }
}

async fn count(reader: &mut Reader, most: u64) -> Result<u64, Failure> {
    let bar = progress("looked at", Some(reader.matching()));
    let mut found = 0;
    while found < most
        && let Some(_) = reader.next().await.map_err(anyhow::Error::from)?
    {
        found += 1;
        bar.set_position(reader.looked_at());
    }
    bar.finish_and_clear();
    Ok(found)
}

/// Prints up to `most` events, and how many there were.
async fn show(mut reader: Reader, printer: &mut Printer, most: u64) -> Result<u64, Failure> {
    warn_of_cuts(&reader).await?;
    let mut shown = 0;
    while shown < most
        && let Some(received) = reader.next().await.map_err(anyhow::Error::from)?
    {
        printer.print(&Event::from(&received))?;
        shown += 1;
    }
    if reader.passed_over() > 0 {
        eprintln!(
            "infragpt: passed over {} messages that are no CloudEvents",
            reader.passed_over()
        );
    }
    if shown == 0 {
        hint_at_nothing(reader.selection());
    }
    Ok(shown)
}

struct Printer {
    output: Output,
    payload: bool,
}

impl Printer {
    fn print(&mut self, event: &Event) -> Result<(), Failure> {
        self.output.item(event, || line(event))?;
        if self.payload && !self.output.is_json() {
            let payload = match &event.data {
                serde_json::Value::String(text) => text.clone(),
                data => serde_json::to_string_pretty(data).unwrap_or_default(),
            };
            self.output.text(&payload)?;
        }
        Ok(())
    }
}

/// An event on one line: when, where, what, who, and what it says.
pub fn line(event: &Event) -> String {
    let organization = event.organization.as_deref().unwrap_or("-");
    let actor = event.actor.as_deref().unwrap_or("-");
    format!(
        "{}  {:<16}  {:<10}  {:<32}  {:<20}  {}",
        event.stored_at.format("%F %T%.3f"),
        event.place(),
        shortened(organization, 24),
        event.short_kind(),
        shortened(actor, 28),
        event.summary(),
    )
    .trim_end()
    .to_owned()
}
