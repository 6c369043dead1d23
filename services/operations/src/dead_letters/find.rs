//! Which letters somebody means.

use infragpt_nats::{
    Accounts, ClaimedAccount, Connection, Letter, Log, Received, Start, account, is_match, log,
    scan::{Begin, End},
};
use regex::bytes::Regex;

use super::Summary;
use crate::Selection;

/// How many are read at a time: one may have 25 MB.
const BATCH: usize = 64;

/// Which letters: all, where nothing is said.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What the messages are, as they stand in their own streams. Its range is of DEAD_LETTERS.
    pub selection: Selection,
    /// The consumer that could not handle them.
    pub consumer: Option<String>,
    /// What the reason has to contain.
    pub reason: Option<Regex>,
}

/// Why letters can't be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The letters can't be read.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// Who has which account can't be read.
    #[error(transparent)]
    Accounts(#[from] account::Error),
}

/// The letters that are wanted, in order.
///
/// # Errors
/// [`Error`].
pub async fn find(connection: &Connection, wanted: &Wanted) -> Result<Vec<Summary>, Error> {
    let accounts = match wanted.selection.organization {
        Some(_) => Accounts::new(connection).all().await?,
        None => Vec::new(),
    };
    let log = Log::new(connection);
    let filter = format!("dead.*.{}.>", wanted.consumer.as_deref().unwrap_or("*"));
    let range = wanted.selection.range;
    let mut start = match range.begin {
        Begin::First => Start::After(0),
        Begin::At(sequence) => Start::After(sequence.saturating_sub(1)),
        Begin::Since(time) => Start::Since(time),
    };
    let mut found = Vec::new();
    while let Some(some) = log.dead_letters(&filter, start, BATCH).await? {
        start = Start::After(some.last);
        for letter in some.letters {
            let is_behind = match range.end {
                End::Last | End::Never => false,
                End::At(sequence) => letter.sequence > sequence,
                End::Before(time) => letter.published >= time,
            };
            if is_behind {
                return Ok(found);
            }
            if wanted.matches(&letter, &accounts) {
                found.push(Summary::of(&letter));
            }
        }
    }
    Ok(found)
}

impl Wanted {
    fn matches(&self, letter: &Letter, accounts: &[ClaimedAccount]) -> bool {
        let verdict = &letter.verdict;
        let Some(subjects) = self.selection.subjects_of(&verdict.stream, accounts) else {
            return false;
        };
        let is_on = |filter: &String| is_match(filter, &letter.subject);
        self.selection.has_stream(&verdict.stream)
            && (subjects.is_empty() || subjects.iter().any(is_on))
            && self
                .reason
                .as_ref()
                .is_none_or(|reason| reason.is_match(verdict.reason.as_bytes()))
            && match &letter.event {
                Some(event) => self.selection.matches(&Received {
                    stream: verdict.stream.clone(),
                    subject: letter.subject.clone(),
                    sequence: verdict.sequence,
                    ..event.clone()
                }),
                None => self.selection.wants_any_event(),
            }
    }
}
