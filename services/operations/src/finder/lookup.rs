//! The ways to look: the index, the end of the log that it does not have yet, and places.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use infragpt_nats::{
    Extent, Received, Scan, Start,
    scan::{Begin, End},
};
use infragpt_projections::{checkpoint, event_index};

use super::{Error, Finder, Found};

/// How many payloads are asked for at once.
const AT_ONCE: usize = 32;

/// How far apart two places are at most that are read together.
const NEAR: u64 = 4;

/// How many places are read together at most.
const LONGEST_RUN: usize = 128;

/// The most events that one look returns: a case of more is shown in part.
pub(super) const MOST: u16 = 2_000;

/// What of a stream the index does not have: everything from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unindexed {
    pub stream: &'static str,
    pub from: u64,
}

/// Places of the same stream that are near each other: what lies between them is read with them.
fn runs(mut places: Vec<Found>) -> Vec<Vec<Found>> {
    places.sort_by_key(Found::place);
    let mut runs: Vec<Vec<Found>> = Vec::new();
    for found in places {
        let event = &found.event;
        let is_near = |last: &Found| {
            last.event.stream == event.stream
                && event.sequence - last.event.sequence <= NEAR
                && event.stream != "DEAD_LETTERS"
        };
        match runs.last_mut() {
            Some(run) if run.len() < LONGEST_RUN && run.last().is_some_and(is_near) => run.push(found),
            _ => runs.push(vec![found]),
        }
    }
    runs
}

impl Finder {
    /// What has to be looked for in the log: all of it without an index, else what came since it was last written.
    pub(super) async fn unindexed(&self) -> Result<Vec<Unindexed>, Error> {
        let Some(index) = &self.index else {
            let everything = checkpoint::STREAMS.map(|stream| Unindexed { stream, from: 1 });
            return Ok(everything.to_vec());
        };
        let bounds = try_join_all(checkpoint::STREAMS.map(|stream| self.log.bounds(stream)));
        let (checkpoints, bounds) = tokio::join!(checkpoint::list(index), bounds);
        let (checkpoints, bounds) = (checkpoints?, bounds?);
        let rest = checkpoint::STREAMS
            .into_iter()
            .zip(bounds)
            .filter_map(|(stream, bounds)| {
                let checkpoint = checkpoints.iter().find(|checkpoint| checkpoint.stream == stream);
                let done = checkpoint.and_then(|checkpoint| u64::try_from(checkpoint.sequence).ok());
                let from = done.unwrap_or(0) + 1;
                (from <= bounds.last_sequence && bounds.messages > 0).then_some(Unindexed { stream, from })
            });
        Ok(rest.collect())
    }

    /// What stands directly beside these ids in the graph of causes, with payloads; `known` is not asked for again.
    pub(super) async fn related(
        &self,
        ids: &BTreeSet<String>,
        unindexed: &[Unindexed],
        known: impl Fn(&(String, u64)) -> bool,
    ) -> Result<Vec<Found>, Error> {
        let is_beside = |received: &Received| {
            let envelope = &received.envelope;
            let follows = [&envelope.correlation, &envelope.causation];
            ids.contains(&envelope.id) || follows.into_iter().flatten().any(|id| ids.contains(id))
        };
        let mut places = Vec::new();
        if let Some(index) = &self.index {
            let ids: Vec<String> = ids.iter().cloned().collect();
            let entries = event_index::related(index, &ids, MOST).await?;
            places.extend(entries.into_iter().map(Found::indexed));
        }
        let scanned = self.scan_headers(unindexed, is_beside).await?;
        places.extend(scanned.iter().map(Found::stored));
        places.retain(|found| !known(&found.place()));
        let mut seen = BTreeSet::new();
        places.retain(|found| seen.insert(found.place()));
        self.with_payloads(places).await
    }

    /// Everything in these parts of the log that is `wanted`, told by its headers.
    pub(super) async fn scan_headers(
        &self,
        parts: &[Unindexed],
        wanted: impl Fn(&Received) -> bool,
    ) -> Result<Vec<Received>, Error> {
        let scans = parts.iter().map(|part| {
            let extent = Extent {
                stream: part.stream.to_owned(),
                subjects: Vec::new(),
                begin: Begin::At(part.from),
                end: End::Last,
                headers_only: true,
            };
            self.scan(extent, &wanted, usize::from(MOST))
        });
        let found = try_join_all(scans).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Up to `most` messages of `extent` that are `wanted`.
    pub(super) async fn scan(
        &self,
        extent: Extent,
        wanted: impl Fn(&Received) -> bool,
        most: usize,
    ) -> Result<Vec<Received>, Error> {
        let mut scan = Scan::open(&self.connection, extent).await?;
        let mut found = Vec::new();
        while found.len() < most
            && let Some(received) = scan.next().await?
        {
            if wanted(&received) {
                found.push(received);
            }
        }
        Ok(found)
    }

    /// The same with what their streams have at these places; what they no longer have stays as it is, gone.
    pub(super) async fn with_payloads(&self, places: Vec<Found>) -> Result<Vec<Found>, Error> {
        let runs: Vec<Vec<Found>> = stream::iter(runs(places))
            .map(|run| self.read_run(run))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(runs.into_iter().flatten().collect())
    }

    /// The same for places near each other, in one request.
    async fn read_run(&self, run: Vec<Found>) -> Result<Vec<Found>, Error> {
        let gone = |found| Found { is_gone: true, ..found };
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return Ok(run);
        };
        let (from, to) = (first.event.sequence, last.event.sequence);
        if from == to {
            let stored = self.at(&first.event.stream, from).await?;
            return Ok(run
                .into_iter()
                .map(|found| stored.clone().unwrap_or_else(|| gone(found)))
                .collect());
        }
        let most = usize::try_from(to - from + 1).unwrap_or(usize::MAX);
        let start = Start::After(from.saturating_sub(1));
        let stored = self.log.read_some(&first.event.stream, ">", start, most).await?;
        let stored: HashMap<u64, Received> = stored
            .into_iter()
            .flat_map(|(messages, _)| messages)
            .map(|received| (received.sequence, received))
            .collect();
        let read = |found: Found| match stored.get(&found.event.sequence) {
            Some(received) => Found::stored(received),
            None => gone(found),
        };
        Ok(run.into_iter().map(read).collect())
    }

    /// What `stream` has at `sequence`.
    pub(super) async fn at(&self, stream: &str, sequence: u64) -> Result<Option<Found>, Error> {
        if stream == "DEAD_LETTERS" {
            let letter = self.log.dead_letter(sequence).await?;
            return Ok(letter.and_then(Found::letter));
        }
        let received = self.log.at(stream, sequence).await?;
        Ok(received.as_ref().map(Found::stored))
    }
}
