//! What is said of a reference to nothing: the nearest things that exist.

use std::fmt;

use infragpt_nats::Start;
use infragpt_projections::event_index;

use super::{Error, Finder, Found};
use crate::Reference;

/// How many of the nearest are named.
const NAMED: u16 = 3;

/// A reference that nothing has, or too many.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// What was looked for.
    pub reference: String,
    /// What is nearest to it.
    pub nearest: Nearest,
}

/// What is nearest to a reference that nothing has.
#[derive(Debug, Clone, PartialEq)]
pub enum Nearest {
    /// These begin with it: more of it would tell.
    Several(Vec<Found>),
    /// These begin as it does.
    Alike(Vec<Found>),
    /// Nothing is like it: these are the newest.
    Newest(Vec<Found>),
    /// What the stream has.
    Range {
        /// Its first sequence.
        first: u64,
        /// Its last.
        last: u64,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = &self.reference;
        let (said, named) = match &self.nearest {
            Nearest::Several(all) => (format!("several ids begin with `{reference}`: give more of it"), all),
            Nearest::Alike(all) => (format!("nothing has `{reference}`: did you mean one of these?"), all),
            Nearest::Newest(all) if all.is_empty() => {
                return write!(formatter, "nothing has `{reference}`: the log is empty");
            }
            Nearest::Newest(all) => (
                format!("nothing has `{reference}`, and nothing is like it: these are the newest"),
                all,
            ),
            Nearest::Range { first, last } if first > last => {
                return write!(formatter, "there is nothing at {reference}: the stream is empty");
            }
            Nearest::Range { first, last } => {
                return write!(
                    formatter,
                    "there is nothing at {reference}: the stream has #{first} to #{last}"
                );
            }
        };
        formatter.write_str(&said)?;
        for Found { event, .. } in named {
            write!(formatter, "\n  {}  {}  {}", event.id, event.place(), event.short_kind())?;
        }
        Ok(())
    }
}

impl Finder {
    /// What is nearest to an id that nothing has.
    pub(super) async fn nearest(&self, id: &str) -> Result<Nearest, Error> {
        if let Some(index) = &self.index {
            // The longer the common beginning, the more alike.
            for length in [12, 8, 6, 4] {
                let beginning: String = id.chars().take(length).collect();
                if beginning.len() < 4 || beginning.chars().count() < length.min(id.chars().count()) {
                    continue;
                }
                let alike = event_index::beginning_with(index, &beginning, NAMED).await?;
                if !alike.is_empty() {
                    return Ok(Nearest::Alike(alike.into_iter().map(Found::indexed).collect()));
                }
            }
            let newest = event_index::newest(index, NAMED).await?;
            return Ok(Nearest::Newest(newest.into_iter().map(Found::indexed).collect()));
        }
        let last = self.log.bounds("EVENTS").await?.last_sequence;
        let start = Start::After(last.saturating_sub(u64::from(NAMED)));
        let newest = self.log.read_some("EVENTS", ">", start, usize::from(NAMED)).await?;
        let newest = newest.into_iter().flat_map(|(some, _)| some);
        let mut newest: Vec<Found> = newest.map(|received| Found::stored(&received)).collect();
        newest.reverse();
        Ok(Nearest::Newest(newest))
    }

    /// What is said of a place without anything.
    pub(super) async fn nothing_at(&self, stream: &str, sequence: u64) -> Result<Error, Error> {
        let bounds = self.log.bounds(stream).await?;
        Ok(Error::Missing(Missing {
            reference: format!("{stream}#{sequence}"),
            nearest: Nearest::Range {
                first: bounds.first_sequence,
                last: bounds.last_sequence,
            },
        }))
    }

    /// What is said of a reference that nothing has.
    pub(super) async fn missing(&self, reference: &Reference) -> Result<Error, Error> {
        let text = reference.to_string();
        let nearest = match reference {
            Reference::Id(id) => self.nearest(id).await?,
            // Nothing can be like a permalink.
            _ => self.nearest("").await?,
        };
        Ok(Error::Missing(Missing {
            reference: text,
            nearest,
        }))
    }
}
