//! Everything that belongs together: what one fact led to, and what led to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Error, Finder, Found, lookup::MOST};

/// How often what was found is asked what stands beside it. Two rounds find what a fact led to, more what else that touched.
const ROUNDS: usize = 12;

/// Fields of payloads that name what others call their case: audit records go back to the answer or the attempt that they
/// were written for.
const CASES: [&str; 4] = ["/answer_id", "/answer", "/attempt", "/run"];

/// Everything that belongs together, in the order of storing.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Facts, events, audit records and dead letters.
    pub events: Vec<Found>,
    /// Whether there is more than was looked for.
    pub is_cut: bool,
}

impl Finder {
    /// Everything that belongs to the case of these events.
    ///
    /// # Errors
    /// When the index or the log can't be read.
    pub async fn case(&self, events: Vec<Found>) -> Result<Case, Error> {
        let unindexed = self.unindexed().await?;
        let mut found: BTreeMap<(String, u64), Found> = BTreeMap::new();
        let mut asked: BTreeSet<String> = BTreeSet::new();
        let mut news = events;
        let mut is_cut = false;
        for round in 0..ROUNDS {
            let mut ids: BTreeSet<String> = news.iter().flat_map(neighbours).collect();
            ids.retain(|id| asked.insert(id.clone()));
            let gestures: Vec<Found> = news.clone();
            found.extend(news.into_iter().map(|event| (event.place(), event)));
            if ids.is_empty() {
                break;
            }
            let (related, told) = tokio::try_join!(
                self.related(&ids, &unindexed, |place| found.contains_key(place)),
                self.told_again(&gestures, |place| found.contains_key(place)),
            )?;
            is_cut = round + 1 == ROUNDS || found.len() + related.len() >= usize::from(MOST);
            news = related;
            for event in told {
                if !found.contains_key(&event.place()) && !news.iter().any(|other| other.place() == event.place()) {
                    news.push(event);
                }
            }
            if is_cut {
                found.extend(
                    std::mem::take(&mut news)
                        .into_iter()
                        .map(|event| (event.place(), event)),
                );
                break;
            }
        }
        let letters = self.letters_of(found.values()).await?;
        found.extend(letters.into_iter().map(|letter| (letter.place(), letter)));
        let mut events: Vec<Found> = found.into_values().collect();
        events.sort_by(|left, right| {
            let key = |found: &Found| (found.event.stored_at, found.place());
            key(left).cmp(&key(right))
        });
        Ok(Case { events, is_cut })
    }

    /// What led directly to `event`, and what it led to directly.
    ///
    /// # Errors
    /// When the index or the log can't be read.
    pub async fn around(&self, event: &Found) -> Result<(Vec<Found>, Vec<Found>), Error> {
        let unindexed = self.unindexed().await?;
        let own = event.place();
        let cause = event.event.causation.as_deref().map(cause_of);
        let ids: BTreeSet<String> = [Some(event.event.id.as_str()), cause]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        let related = self.related(&ids, &unindexed, |place| *place == own).await?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for found in related {
            if Some(found.event.id.as_str()) == cause {
                before.push(found);
            } else if found.event.causation.as_deref().map(cause_of) == Some(&event.event.id) {
                after.push(found);
            }
        }
        if event.verdict.is_none() {
            after.extend(self.letters_of([event]).await?);
        } else if let Some(verdict) = &event.verdict {
            before.extend(self.at(&verdict.stream, verdict.sequence).await?);
        }
        after.sort_by_key(|found| found.event.stored_at);
        Ok((before, after))
    }
}

/// The id of a cause: a command that is several events has a cause for each, told apart after a `#`.
pub(crate) fn cause_of(causation: &str) -> &str {
    causation.split_once('#').map_or(causation, |(cause, _)| cause)
}

/// The ids beside which the rest of an event's case stands.
fn neighbours(found: &Found) -> Vec<String> {
    let event = &found.event;
    let causation = event.causation.as_deref().map(cause_of);
    let attributes = [Some(event.id.as_str()), event.correlation.as_deref(), causation];
    let fields = CASES.into_iter().map(|pointer| found.text(pointer));
    attributes
        .into_iter()
        .chain(fields)
        .flatten()
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect()
}
