//! A case as a picture: what led to what, and how long each step took.

mod build;
mod html;
mod mermaid;
#[cfg(test)]
pub(crate) mod testing;
mod text;

use chrono::{DateTime, Utc};
use infragpt_nats::Verdict;
use serde::Serialize;

use crate::Event;

/// A case as a picture: its steps, each below what led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// When the first step was stored.
    pub started_at: DateTime<Utc>,
    /// How long it took to the last one, in milliseconds.
    pub took_ms: f64,
    /// Whether there is more than is shown.
    pub is_cut: bool,
    /// The steps: a cause before what it led to, and what it led to before the next beginning.
    pub steps: Vec<Step>,
}

/// One fact, event, audit record or dead letter of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The index of the step that led to this one; none where something began.
    pub cause: Option<usize>,
    /// How many steps lead to it.
    pub depth: usize,
    /// Whether it is the last of what its cause led to.
    #[serde(skip)]
    pub is_last: bool,
    /// Since the case began, in milliseconds.
    pub since_start_ms: f64,
    /// Since its cause, in milliseconds.
    pub since_cause_ms: Option<f64>,
    /// What it says.
    pub words: String,
    /// What else has to be known of it: that it led to nothing, that it is gone, that this build can't read it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it is a dead letter, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The event itself, without secrets.
    pub event: Event,
}

impl Step {
    /// Since its cause, for people; nothing where something began.
    fn since_cause(&self) -> Option<String> {
        self.since_cause_ms.map(|time| format!("+{}", milliseconds(time)))
    }

    /// Since the case began, for people.
    fn since_start(&self) -> String {
        milliseconds(self.since_start_ms)
    }
}

/// Milliseconds for people.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a time between two moments of chrono fits, and the cast saturates"
)]
fn milliseconds(time: f64) -> String {
    crate::meaning::elapsed(chrono::TimeDelta::microseconds((time * 1000.0) as i64))
}
