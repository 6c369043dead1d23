//! `infragpt dead-letters show`: one letter, and what can be done about it.

use std::fmt::Write as _;

use clap::Args;
use infragpt_nats::{Letter, Log};
use infragpt_operations::{Event, dead_letters::Summary, redact};
use serde::Serialize;

use super::choice::{letter, sequence};
use crate::{
    command::{
        connect,
        output::{Format, Output},
    },
    configuration::{Configuration, NatsUser},
    failure::Failure,
};

/// What `show` can be told.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// The letter, by its sequence: `DEAD_LETTERS#3`, or `3`
    #[arg(value_parser = sequence)]
    letter: u64,
    /// Print only its payload, to edit and retry it
    #[arg(long)]
    payload: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    summary: Summary,
    /// Whether its own stream still has it.
    is_kept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// Findings where it isn't there.
    pub async fn run(self, configuration: &Configuration) -> Result<(), Failure> {
        let connection = connect(configuration, NatsUser::Operator).await?;
        let log = Log::new(&connection);
        let letter = letter(&log, self.letter).await?;
        let summary = Summary::of(&letter);
        let kept = log.at(&summary.stream, summary.original).await;
        let shown = Shown {
            is_kept: kept.map_err(anyhow::Error::from)?.is_some(),
            event: letter.event.as_ref().map(Event::from),
            summary,
        };
        connection.drain().await;
        let payload = payload(&letter, shown.event.as_ref());
        let mut output = Output::paged(self.format);
        if self.payload {
            output.text(&payload)?;
        } else {
            output.item(&shown, || shown.text(&payload))?;
        }
        Ok(())
    }
}

/// What the letter says, without secrets.
fn payload(letter: &Letter, event: Option<&Event>) -> String {
    match event.map(|event| &event.data) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(data) => serde_json::to_string_pretty(data).unwrap_or_default(),
        None => redact(&String::from_utf8_lossy(&letter.payload)).into_owned(),
    }
}

impl Shown {
    fn text(&self, payload: &str) -> String {
        let Self {
            summary,
            is_kept,
            event,
        } = self;
        let (place, original) = (summary.place(), summary.original_place());
        let mut text = format!("{place}\n! {}\n\n", summary.reason);
        let tries = if summary.attempts == 1 { "try" } else { "tries" };
        let fields = [
            (
                "consumer",
                Some(format!("{}, after {} {tries}", summary.consumer, summary.attempts)),
            ),
            ("since", Some(summary.stored_at.format("%F %T%.3f UTC").to_string())),
            (
                "message",
                Some(if *is_kept {
                    original.clone()
                } else {
                    format!("{original}, which is gone")
                }),
            ),
            ("subject", Some(summary.subject.clone())),
            ("type", summary.kind.clone()),
            ("id", event.as_ref().map(|event| event.id.clone())),
            ("organization", summary.organization.clone()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                let _ = writeln!(text, "{name:<16}  {value}");
            }
        }
        let _ = writeln!(text, "\n{payload}\n");
        let sequence = summary.sequence;
        let reason = "--reason 'why'";
        let mut next = Vec::new();
        if *is_kept {
            next.push((
                format!("dead-letters retry {sequence} {reason}"),
                "handles it again, as it is",
            ));
        }
        if event.is_some() && summary.subject.starts_with("raw.") {
            next.push((
                format!("dead-letters show {sequence} --payload > edited.json"),
                "to edit it, and then",
            ));
            next.push((
                format!("dead-letters retry {sequence} --payload edited.json {reason}"),
                "sends that as a new fact",
            ));
        }
        next.push((
            format!("dead-letters discard {sequence} {reason}"),
            "removes it for ever",
        ));
        if event.is_some() {
            next.push((format!("trace {place}"), "what led to it"));
        }
        for (command, what) in next {
            let _ = writeln!(text, "infragpt {command:<64}  {what}");
        }
        text.truncate(text.trim_end().len());
        text
    }
}
