//! How a command ends when it can't do what it was asked.

/// What the shell gets to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Whoever read what it printed went away, which is no failure.
    Closed = 0,
    /// It ran, and what it found is not as it should be.
    Findings = 1,
    /// It was called or configured wrongly.
    Usage = 2,
    /// Something that it needs is not there.
    Unavailable = 3,
}

/// A command's failure: a sentence and an exit code.
#[derive(Debug, thiserror::Error)]
#[error("{source:#}")]
pub struct Failure {
    /// What the shell gets to see.
    pub code: ExitCode,
    /// The sentence, with its causes.
    pub source: anyhow::Error,
}

impl Failure {
    /// It ran, and what it found is not as it should be.
    pub fn findings(source: impl Into<anyhow::Error>) -> Self {
        Self {
            code: ExitCode::Findings,
            source: source.into(),
        }
    }

    /// It was called or configured wrongly.
    pub fn usage(source: impl Into<anyhow::Error>) -> Self {
        Self {
            code: ExitCode::Usage,
            source: source.into(),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::BrokenPipe => ExitCode::Closed,
            _ => ExitCode::Unavailable,
        };
        Self {
            code,
            source: error.into(),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(source: anyhow::Error) -> Self {
        Self {
            code: ExitCode::Unavailable,
            source,
        }
    }
}
