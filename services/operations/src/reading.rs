//! Reading a selection: over a range in the order of storing, then live.

use std::collections::VecDeque;

use futures::{StreamExt as _, stream::FuturesUnordered};
use infragpt_nats::{
    Accounts, Connection, Extent, Log, Received, Scan, account, log, namespace,
    scan::{self, Begin, End},
};

use crate::Selection;

/// What is read at most to find the last few.
const MOST_LOOKED_BACK: u64 = 1 << 20;

/// Why a selection can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A stream can't be read.
    #[error(transparent)]
    Scan(#[from] scan::Error),
    /// A stream can't be asked about.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// Whose accounts are whose is not known.
    #[error(transparent)]
    Accounts(#[from] account::Error),
}

/// Whether to go on when the range is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It ends.
    Range,
    /// It goes on with what comes.
    Follow,
}

/// A selection being read. A stream with nothing of it is not opened.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    selection: Selection,
    sources: Vec<Source>,
    mode: Mode,
    looked_at: u64,
    passed_over: u64,
}

#[derive(Debug)]
struct Source {
    extent: Extent,
    /// `None` once it has ended.
    scan: Option<Scan>,
    head: VecDeque<Received>,
    /// The last sequence that was looked at, or that nothing up to is wanted.
    last: u64,
}

/// Where retention has cut a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Which stream.
    pub stream: String,
    /// What it still has.
    pub bounds: log::Bounds,
}

impl Reader {
    /// Opens it.
    ///
    /// # Errors
    /// When a stream can't be read.
    pub async fn open(connection: &Connection, selection: Selection, mode: Mode) -> Result<Self, Error> {
        let accounts = match selection.organization {
            Some(_) => Accounts::new(connection).all().await?,
            None => Vec::new(),
        };
        let mut reader = Self {
            connection: connection.clone(),
            mode,
            sources: Vec::new(),
            looked_at: 0,
            passed_over: 0,
            selection,
        };
        for stream in reader.selection.streams() {
            let Some(subjects) = reader.selection.subjects_of(stream, &accounts) else {
                continue;
            };
            let extent = Extent {
                stream: stream.to_owned(),
                subjects,
                begin: reader.selection.range.begin,
                end: reader.selection.range.end,
                headers_only: false,
            };
            reader.sources.push(Source {
                extent,
                scan: None,
                head: VecDeque::new(),
                last: 0,
            });
        }
        for source in &mut reader.sources {
            let upto = Log::new(&reader.connection).bounds(&source.extent.stream).await?;
            source.last = upto.last_sequence;
            source.scan = Some(Scan::open(&reader.connection, source.extent.clone()).await?);
        }
        Ok(reader)
    }

    /// Reads the last `count` of the selection, without reading all of it where that is long.
    ///
    /// # Errors
    /// When a stream can't be read.
    pub async fn open_at_last(
        connection: &Connection,
        selection: Selection,
        count: usize,
        mode: Mode,
    ) -> Result<Self, Error> {
        let mut reader = Self::open(
            connection,
            Selection {
                range: crate::selection::Range {
                    begin: Begin::At(u64::MAX),
                    end: End::Last,
                },
                ..selection
            },
            mode,
        )
        .await?;
        let mut found: Vec<(usize, Received)> = Vec::new();
        for index in 0..reader.sources.len() {
            let last = reader.last_of(index, count).await?;
            found.extend(last.into_iter().map(|received| (index, received)));
        }
        found.sort_by_key(|(_, received)| received.published);
        let surplus = found.len().saturating_sub(count);
        for (index, received) in found.into_iter().skip(surplus) {
            reader.sources[index].head.push_back(received);
        }
        Ok(reader)
    }

    /// The last `count` of one stream that match, looking ever further back.
    async fn last_of(&self, index: usize, count: usize) -> Result<Vec<Received>, Error> {
        let source = &self.sources[index];
        let mut window = (count as u64).max(64);
        loop {
            let begin = source.last.saturating_sub(window) + 1;
            let extent = Extent {
                begin: Begin::At(begin),
                end: End::At(source.last),
                ..source.extent.clone()
            };
            let mut scan = Scan::open(&self.connection, extent).await?;
            let mut found = VecDeque::with_capacity(count);
            while let Some(received) = scan.next().await? {
                let received = as_original(received);
                if self.selection.matches(&received) {
                    if found.len() == count {
                        found.pop_front();
                    }
                    found.push_back(received);
                }
            }
            if found.len() == count || begin <= 1 || window >= MOST_LOOKED_BACK {
                return Ok(found.into());
            }
            window *= 8;
        }
    }

    /// How many messages match on the server's side, before the rest of the selection is looked at.
    pub fn matching(&self) -> u64 {
        let scans = self.sources.iter().filter_map(|source| source.scan.as_ref());
        scans.map(Scan::matching).sum()
    }

    /// How many messages were looked at.
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// How many messages are no CloudEvents.
    pub fn passed_over(&self) -> u64 {
        let scans = self.sources.iter().filter_map(|source| source.scan.as_ref());
        self.passed_over + scans.map(Scan::passed_over).sum::<u64>()
    }

    /// What is being looked for.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The streams that no longer have all of the range.
    ///
    /// # Errors
    /// When a stream can't be asked about.
    pub async fn cuts(&self) -> Result<Vec<Cut>, Error> {
        let log = Log::new(&self.connection);
        let mut cuts = Vec::new();
        for source in &self.sources {
            let stream = &source.extent.stream;
            let bounds = log.bounds(stream).await?;
            let is_cut = match self.selection.range.begin {
                Begin::First => false,
                Begin::At(sequence) => sequence < bounds.first_sequence,
                Begin::Since(time) => bounds.first_sequence > 1 && bounds.first_time.is_none_or(|first| time < first),
            };
            if is_cut {
                cuts.push(Cut {
                    stream: stream.clone(),
                    bounds,
                });
            }
        }
        Ok(cuts)
    }

    /// The next event of the selection; nothing at the end of a range.
    ///
    /// # Errors
    /// When a stream can't be read any more.
    pub async fn next(&mut self) -> Result<Option<Received>, Error> {
        if let Some(received) = self.next_of_range().await? {
            return Ok(Some(received));
        }
        match self.mode {
            Mode::Range => Ok(None),
            Mode::Follow => self.next_live().await.map(Some),
        }
    }

    /// The oldest of the streams' next ones.
    async fn next_of_range(&mut self) -> Result<Option<Received>, Error> {
        for source in &mut self.sources {
            if source.head.is_empty()
                && let Some(scan) = &mut source.scan
                && scan.is_ending()
            {
                while let Some(received) = scan.next().await? {
                    let received = as_original(received);
                    self.looked_at += 1;
                    source.last = source.last.max(received.sequence);
                    if self.selection.matches(&received) {
                        source.head.push_back(received);
                        break;
                    }
                }
                if source.head.is_empty() {
                    self.passed_over += scan.passed_over();
                    source.scan = None;
                }
            }
        }
        let oldest = self
            .sources
            .iter_mut()
            .filter(|source| !source.head.is_empty())
            .min_by_key(|source| source.head.front().map(|received| received.published));
        Ok(oldest.and_then(|source| source.head.pop_front()))
    }

    async fn next_live(&mut self) -> Result<Received, Error> {
        for source in &mut self.sources {
            if source.scan.is_none() {
                let extent = Extent {
                    begin: Begin::At(source.last + 1),
                    end: End::Never,
                    ..source.extent.clone()
                };
                source.scan = Some(Scan::open(&self.connection, extent).await?);
            }
        }
        loop {
            let scans = self.sources.iter_mut().filter_map(|source| source.scan.as_mut());
            let mut next: FuturesUnordered<_> = scans.map(Scan::next).collect();
            let Some(received) = next.next().await else {
                // Nothing can come of this selection.
                return std::future::pending().await;
            };
            drop(next);
            self.looked_at += 1;
            if let Some(received) = received?.map(as_original)
                && self.selection.matches(&received)
            {
                return Ok(received);
            }
        }
    }
}

/// A copy in a namespace, under the subject that its original was published on.
fn as_original(mut received: Received) -> Received {
    if let Some((_, original)) = namespace::original(&received.subject) {
        received.subject = original.to_owned();
    }
    received
}
