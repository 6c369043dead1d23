//! Which letters a command is about.

use std::io::{IsTerminal as _, Write as _};

use anyhow::anyhow;
use clap::Args;
use infragpt_nats::{Connection, Log};
use infragpt_operations::dead_letters::{Summary, Wanted, find};

use super::failure;
use crate::{
    command::select::{Matching, Select},
    failure::Failure,
};

/// Which letters, by what they are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which letters")]
pub struct Filter {
    /// Only what this consumer could not handle: `github_handler`
    #[arg(long, value_name = "CONSUMER")]
    consumer: Option<String>,
    /// Only where the reason has this regular expression in it
    #[arg(long, value_name = "PATTERN")]
    cause: Option<String>,
    #[command(flatten)]
    matching: Matching,
    #[command(flatten)]
    select: Select,
}

impl Filter {
    /// What is meant.
    ///
    /// # Errors
    /// When it can't be meant.
    pub fn wanted(&self) -> Result<Wanted, Failure> {
        let reason = self.cause.as_ref().map(|cause| self.matching.pattern(cause));
        Ok(Wanted {
            selection: self.select.selection()?,
            consumer: self.consumer.clone(),
            reason: reason.transpose()?,
        })
    }
}

/// Letters that something is to be done about: some by name, or all that are meant.
#[derive(Debug, Clone, Args)]
pub struct Choice {
    /// Letters by their sequence: `DEAD_LETTERS#3`, or `3`
    #[arg(value_name = "LETTERS", value_parser = sequence)]
    letters: Vec<u64>,
    /// All letters, or all that the filters leave
    #[arg(long, conflicts_with = "letters")]
    all: bool,
    /// Ask no question before it is done with `--all`
    #[arg(long)]
    yes: bool,
    /// Why, for the audit; 200 characters at most
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    filter: Filter,
}

impl Choice {
    /// The letters, once somebody agreed to `verb` them where they were not named one by one.
    ///
    /// # Errors
    /// Findings where one isn't there, or there are none; usage where none is meant, or nobody agreed.
    pub async fn letters(&self, connection: &Connection, verb: &str) -> Result<Vec<Summary>, Failure> {
        if self.reason.trim().is_empty() {
            return Err(Failure::usage(anyhow!(
                "`--reason` has to say why: it goes into the audit"
            )));
        }
        if !self.letters.is_empty() {
            return self.named(connection).await;
        }
        if !self.all {
            return Err(Failure::usage(anyhow!(
                "say which letters: `DEAD_LETTERS#3`, or `--all`, which the filters narrow"
            )));
        }
        let letters = find(connection, &self.filter.wanted()?).await.map_err(failure)?;
        if letters.is_empty() {
            return Err(Failure::findings(anyhow!("there is no such dead letter")));
        }
        if !self.yes {
            agree(verb, letters.len())?;
        }
        Ok(letters)
    }

    async fn named(&self, connection: &Connection) -> Result<Vec<Summary>, Failure> {
        let log = Log::new(connection);
        let mut letters = Vec::new();
        for sequence in &self.letters {
            letters.push(Summary::of(&letter(&log, *sequence).await?));
        }
        Ok(letters)
    }
}

/// The letter with this sequence.
///
/// # Errors
/// Findings where it isn't there.
pub async fn letter(log: &Log, sequence: u64) -> Result<infragpt_nats::Letter, Failure> {
    let found = log.dead_letter(sequence).await.map_err(anyhow::Error::from)?;
    found.ok_or_else(|| {
        Failure::findings(anyhow!(
            "there is no DEAD_LETTERS#{sequence}: it was handled or discarded, or never there; `infragpt dead-letters list --each` \
             has those that are"
        ))
    })
}

/// What `DEAD_LETTERS#3` or `3` says.
///
/// # Errors
/// A sentence with what would be right.
pub fn sequence(text: &str) -> Result<u64, String> {
    let number = match text.split_once('#') {
        Some((stream, number)) if stream.eq_ignore_ascii_case("DEAD_LETTERS") => number,
        Some((stream, _)) => return Err(format!("{stream} has no dead letters: write `DEAD_LETTERS#3`")),
        None => text,
    };
    match number.parse() {
        Ok(0) | Err(_) => Err("a letter is named by its sequence: `DEAD_LETTERS#3`, or `3`".to_owned()),
        Ok(sequence) => Ok(sequence),
    }
}

fn agree(verb: &str, count: usize) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage(anyhow!(
            "this would {verb} {count} letters: add `--yes` to do it"
        )));
    }
    eprint!("{verb} {count} letters? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::findings(anyhow!("nothing was done"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_named_by_its_place_or_its_number() {
        assert_eq!(sequence("DEAD_LETTERS#3"), Ok(3));
        assert_eq!(sequence("dead_letters#3"), Ok(3));
        assert_eq!(sequence("3"), Ok(3));
        for wrong in ["0", "", "EVENTS#3", "DEAD_LETTERS#", "-1", "three"] {
            assert!(sequence(wrong).is_err(), "{wrong}");
        }
    }
}
