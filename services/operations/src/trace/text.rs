//! A trace as a tree in the terminal.

use std::fmt::Write as _;

use super::{Trace, milliseconds};
use crate::event::shortened;

/// How much of what an event says stands on its line.
const WORDS: usize = 160;

impl Trace {
    /// As a tree: each step with what it says, and below that who did it and where it stands.
    pub fn tree(&self) -> String {
        let mut tree = format!(
            "{} in {}, from {} UTC",
            match self.steps.len() {
                1 => "1 step".to_owned(),
                steps => format!("{steps} steps"),
            },
            milliseconds(self.took_ms),
            self.started_at.format("%F %T%.3f")
        );
        // For each depth whether something follows there below.
        let mut goes_on: Vec<bool> = Vec::new();
        for step in &self.steps {
            goes_on.truncate(step.depth);
            let mut indent = String::new();
            for goes_on in goes_on.iter().skip(1) {
                indent.push_str(if *goes_on { "│  " } else { "   " });
            }
            let branch = match (step.depth, step.is_last) {
                (0, _) => "",
                (_, true) => "└─ ",
                (_, false) => "├─ ",
            };
            goes_on.push(!step.is_last);
            let time = step.since_cause().map_or_else(String::new, |time| format!("{time}  "));
            let words = shortened(&step.words, WORDS);
            let below = match (step.depth, step.is_last) {
                (0, _) => String::new(),
                (_, true) => format!("{indent}   "),
                (_, false) => format!("{indent}│  "),
            };
            let gap = if step.depth == 0 { "\n" } else { "" };
            let _ = write!(tree, "\n{gap}{indent}{branch}{time}{words}");
            for note in &step.notes {
                let _ = write!(tree, "\n{below}! {note}");
            }
            let actor = step.event.actor.as_deref().unwrap_or("-");
            let _ = write!(
                tree,
                "\n{below}  {} · at {} · {actor} · {}",
                step.event.place(),
                step.since_start(),
                step.event.subject
            );
        }
        if self.is_cut {
            tree.push_str("\n\nThere is more: trace one of these steps.");
        }
        tree
    }
}
