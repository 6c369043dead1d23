//! Whether somebody may still append something about what was deleted: handlers that were given something before it, and who
//! writes with delay. What they append has to be erased, too.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{context::Context, error::Error};

/// Who appends something because of what they were given.
const HANDLERS: [(&str, &str); 6] = [
    ("RAW_SLACK", "slack_handler"),
    ("RAW_GITHUB", "github_handler"),
    ("RAW_CLERK", "clerk_handler"),
    ("EVENTS", "conversations"),
    ("EVENTS", "connections"),
    ("EVENTS", "disconnections"),
];

/// Refused attempts are written ten seconds later, and somebody who comes back from a provider's consent may take 45.
pub(crate) const DELAY: Duration = Duration::from_mins(1);

/// How long is waited for handlers; one that gives up on something does so after 15 minutes.
pub(crate) const LONGEST: TimeDelta = TimeDelta::minutes(30);

/// How often it is looked whether they are done.
const AGAIN: Duration = Duration::from_secs(1);

/// A stream, a consumer of it, and up to where it was given messages.
pub(crate) type Handler = (&'static str, &'static str, u64);

/// How far the waiting is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Nothing was erased yet.
    #[default]
    NotYet,
    /// Everything that there was is erased, since then.
    Since(DateTime<Utc>),
    /// Who writes with delay has written; since then handlers are waited for that have been given something.
    Given(DateTime<Utc>, Vec<Handler>),
    /// Nobody works on it any more.
    Nobody,
}

impl Context {
    /// The next step of `quiet`.
    pub async fn wait(&self, quiet: Quiet) -> Result<Quiet, Error> {
        let now = self.now();
        Ok(match quiet {
            Quiet::NotYet => Quiet::Since(now),
            Quiet::Since(since) if now - since < delta(self.delay) => Quiet::Since(since),
            Quiet::Since(_) => {
                let mut given = Vec::new();
                for (stream, consumer) in HANDLERS {
                    if let Some(handled) = self.eraser.handled(stream, consumer).await?
                        && handled.up_to < handled.given
                    {
                        given.push((stream, consumer, handled.given));
                    }
                }
                if given.is_empty() {
                    Quiet::Nobody
                } else {
                    Quiet::Given(now, given)
                }
            }
            Quiet::Given(since, given) => {
                let mut left = Vec::new();
                for (stream, consumer, sequence) in given {
                    let handled = self.eraser.handled(stream, consumer).await?;
                    if handled.is_some_and(|handled| handled.up_to < sequence) {
                        left.push((stream, consumer, sequence));
                    }
                }
                if left.is_empty() {
                    Quiet::Nobody
                } else if now - since > LONGEST {
                    tracing::warn!(
                        waiting = ?left,
                        "Handlers take too long over what they were given before something was deleted: it is erased without \
                         waiting for them"
                    );
                    Quiet::Nobody
                } else {
                    Quiet::Given(since, left)
                }
            }
            Quiet::Nobody => Quiet::Nobody,
        })
    }

    /// How long until it is worth looking again.
    pub fn until_next_look(&self, quiet: &Quiet) -> Duration {
        match quiet {
            Quiet::Since(since) => (*since + delta(self.delay) - self.now()).to_std().unwrap_or_default(),
            Quiet::Given(..) => AGAIN,
            Quiet::NotYet | Quiet::Nobody => Duration::ZERO,
        }
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
