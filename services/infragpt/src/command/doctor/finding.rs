//! What the doctor found, and how it is printed.

use std::fmt;

use infragpt_operations::redact;
use serde::Serialize;

use crate::{command::output::Output, failure::Failure};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, or may work, but somebody should look; or it could not be looked at.
    Warning,
    /// It does not work.
    Error,
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that was looked at. Nothing in it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub status: Status,
    /// What was found.
    #[serde(rename = "finding")]
    pub found: String,
    /// What to do about it.
    pub todo: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(finding: impl AsRef<str>) -> Self {
        Self::new(Status::Ok, finding.as_ref(), None)
    }

    /// Somebody should look.
    pub fn warning(finding: impl AsRef<str>, todo: impl AsRef<str>) -> Self {
        Self::new(Status::Warning, finding.as_ref(), Some(todo.as_ref()))
    }

    /// It does not work.
    pub fn error(finding: impl AsRef<str>, todo: impl AsRef<str>) -> Self {
        Self::new(Status::Error, finding.as_ref(), Some(todo.as_ref()))
    }

    /// It could not be looked at.
    pub fn unknown(problem: impl fmt::Display, todo: impl AsRef<str>) -> Self {
        Self::warning(format!("not looked at: {problem}"), todo)
    }

    fn new(status: Status, finding: &str, todo: Option<&str>) -> Self {
        Self {
            status,
            found: redact(finding).into_owned(),
            todo: todo.map(|todo| redact(todo).into_owned()),
        }
    }
}

/// What was found in one area.
#[derive(Debug)]
pub struct Area {
    /// Its name.
    pub name: &'static str,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// A finding and its area, as scripts read it.
#[derive(Serialize)]
struct Line<'a> {
    area: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

impl Area {
    /// Prints it.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn print(&self, output: &mut Output) -> Result<(), Failure> {
        output.note(self.name)?;
        for finding in &self.findings {
            let line = Line {
                area: self.name,
                finding,
            };
            output.item(&line, || said(finding))?;
        }
        Ok(())
    }

    /// How many findings are that bad.
    pub fn count(&self, status: Status) -> u64 {
        let such = self.findings.iter().filter(|finding| finding.status == status);
        such.map(|_| 1).sum()
    }
}

/// A finding on its lines: under the first one, what to do.
fn said(finding: &Finding) -> String {
    const BELOW: &str = "\n           ";
    let mut said = format!("  {:<8} {}", finding.status, finding.found.replace('\n', BELOW));
    if let Some(todo) = &finding.todo {
        said.push_str(BELOW);
        said.push_str("-> ");
        said.push_str(todo);
    }
    said
}

/// How many there are of something: `1 message`, `2 messages`.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_stands_below_what_was_found() {
        let finding = Finding::error("stream EVENTS differs:\nmax_age: 1 -> 0", "infragpt nats apply");
        insta::assert_snapshot!(said(&finding), @r"
          error    stream EVENTS differs:
                   max_age: 1 -> 0
                   -> infragpt nats apply
        ");
    }

    #[test]
    fn no_secret_is_in_a_finding() {
        let finding = Finding::unknown("nats://maya:hush-hush@nats.example:4222", "password=hush-hush");
        let shown = format!("{finding:?}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}
