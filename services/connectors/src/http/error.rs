//! Why a call has no answer, by what the caller may do next.

use std::{error::Error as _, time::Duration};

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request never left: nothing happened.
    #[error("{0}")]
    NotSent(String),
    /// The request left, and no clear answer came: what it asked for may have happened.
    #[error("{0}")]
    Unclear(String),
    /// The provider wants fewer requests, and did nothing.
    #[error("asked to wait {} seconds", .0.as_secs())]
    RateLimited(Duration),
}

impl Error {
    /// Whether the provider was at fault, so that asking it again at once makes no sense.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::Unclear(_))
    }

    /// The word for it in metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "not_sent",
            Self::Unclear(_) => "unclear",
            Self::RateLimited(_) => "rate_limited",
        }
    }
}

impl From<reqwest::Error> for Error {
    /// The address is left out: its query can hold what nobody else may know.
    fn from(error: reqwest::Error) -> Self {
        let never_left = error.is_connect() || error.is_builder();
        let error = error.without_url();
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        if never_left {
            Self::NotSent(text)
        } else {
            Self::Unclear(text)
        }
    }
}
