//! The dead letters of a case: what of it could not be handled.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use infragpt_nats::Start;

use super::{Error, Finder, Found};

/// How many letters are asked for at once.
const BATCH: usize = 256;

impl Finder {
    /// The dead letters of these events.
    ///
    /// A letter's subject ends with that of its message, so only those of the same subjects are looked at, and only those that
    /// were stored since.
    pub(super) async fn letters_of(&self, events: impl IntoIterator<Item = &Found>) -> Result<Vec<Found>, Error> {
        let mut subjects: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
        let mut places = Vec::new();
        for found in events {
            let event = &found.event;
            if event.stream == "DEAD_LETTERS" {
                continue;
            }
            places.push((event.stream.as_str(), event.sequence));
            let filter = format!("dead.{}.*.{}", event.stream, event.subject);
            let since = subjects.entry(filter).or_insert(event.stored_at);
            *since = event.stored_at.min(*since);
        }
        if places.is_empty() || self.log.bounds("DEAD_LETTERS").await?.messages == 0 {
            return Ok(Vec::new());
        }
        let places = &places;
        let read = subjects.into_iter().map(|(filter, since)| async move {
            let mut letters = Vec::new();
            let mut start = Start::Since(since);
            while let Some(some) = self.log.dead_letters(&filter, start, BATCH).await? {
                start = Start::After(some.last);
                let theirs = some
                    .letters
                    .into_iter()
                    .filter(|letter| places.contains(&(letter.verdict.stream.as_str(), letter.verdict.sequence)));
                letters.extend(theirs.filter_map(Found::letter));
            }
            Ok::<_, Error>(letters)
        });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }
}
