//! One fact after the other, several at a time.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use chrono::Duration;
use futures::{Stream, StreamExt as _, stream};
use infragpt_nats::{
    Connection, HandlerError, Log, Received, Stage, direct, log,
    rehearsal::{Decided, Moment},
    scan::{self, Begin},
};

use super::{
    compare::{Appended, Change, Difference, Fact, compare},
    handlers::{self, Answerer, FACTS, QUESTION},
    recorded::{Effect, Recorded},
    today,
};
use crate::{
    Mode, Reader, Selection,
    reading::{self, Cut},
    selection,
};

/// How many facts are replayed at a time.
const AT_ONCE: usize = 16;

/// How long a handler tries before a fact becomes a dead letter: until then it may have been handled.
const PATIENCE: Duration = Duration::minutes(15);

/// Why facts can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The facts can't be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// What came of them can't be read.
    #[error(transparent)]
    Scan(#[from] scan::Error),
    /// A stream can't be asked about.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// Who had which account can't be read.
    #[error(transparent)]
    Read(#[from] direct::Error),
    /// A handler could not read the log as it was.
    #[error("{place} could not be replayed: {source}")]
    Handler {
        /// Which fact.
        place: String,
        /// Why.
        #[source]
        source: HandlerError,
    },
    /// The selection names a stream whose messages no handler decides on.
    #[error("no handler decides on what {stream} has: what can be replayed is in {}, and with `--answers` the questions in EVENTS", FACTS.join(", "))]
    NotHandled {
        /// Which stream.
        stream: String,
    },
}

/// What came of replaying one fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The same as then.
    Same,
    /// Something else.
    Different(Box<Difference>),
}

/// Facts and questions on their way through this build's handlers.
pub struct Replay {
    stage: Stage,
    recorded: Recorded,
    source: Source,
    log: EventLog,
    answerer: Option<Answerer>,
    done: BTreeMap<String, u64>,
    /// Up to where EVENTS was known to have come when the last fact of a key was handled.
    handled: HashMap<String, u64>,
}

/// Where facts come from.
enum Source {
    Selected(Box<Reader>),
    Given(VecDeque<Received>),
}

/// Where recorded events are read from again.
#[derive(Debug, Clone)]
enum EventLog {
    Kept(Log),
    Carried(Arc<HashMap<u64, Received>>),
}

impl EventLog {
    async fn at(&self, sequence: u64) -> Result<Option<Received>, log::Error> {
        match self {
            Self::Kept(log) => log.at("EVENTS", sequence).await,
            Self::Carried(events) => Ok(events.get(&sequence).cloned()),
        }
    }
}

/// A fact with what is known of its handling.
struct Planned {
    fact: Received,
    effects: Vec<Effect>,
    letter: Option<u64>,
    /// Whether it was a dead letter, and no longer is.
    is_given_up: bool,
    /// As of when to decide. What comes of the last counts, unless one before it gives what is recorded.
    moments: Vec<Moment>,
}

impl Replay {
    /// Reads what came of the facts of `selection`; of the questions too, where EVENTS is selected and somebody answers them.
    ///
    /// # Errors
    /// [`Error`] when the log can't be read, or the selection names a stream that isn't handled.
    pub async fn prepare(
        connection: &Connection,
        mut selection: Selection,
        answerer: Option<Answerer>,
    ) -> Result<Self, Error> {
        let is_handled = |stream: &String| FACTS.contains(&stream.as_str()) || stream == "EVENTS" && answerer.is_some();
        if let Some(stream) = selection.streams.iter().find(|stream| !is_handled(stream)) {
            return Err(Error::NotHandled { stream: stream.clone() });
        }
        if selection.streams.is_empty() {
            selection.streams = FACTS.map(str::to_owned).to_vec();
        }
        if selection.streams == ["EVENTS"] && selection.kinds.is_empty() {
            selection.kinds = vec![format!("conversation.{QUESTION}")];
        }
        let begin = begin_of_events(connection, &selection).await?;
        let reader = Reader::open(connection, selection, Mode::Range).await?;
        Self::open(connection, begin, Source::Selected(Box::new(reader)), answerer).await
    }

    /// Replays what is given: what no handler decides on is passed over.
    ///
    /// # Errors
    /// [`Error`] when the log can't be read.
    pub async fn of(connection: &Connection, given: Vec<Received>, answerer: Option<Answerer>) -> Result<Self, Error> {
        let first = given.iter().map(|received| received.published).min();
        let begin = first.map_or(Begin::First, Begin::Since);
        let handled = given.into_iter().filter(handlers::is_handled);
        let can_answer = answerer.is_some();
        let given = handled
            .filter(|received| received.stream != "EVENTS" || can_answer)
            .collect();
        Self::open(connection, begin, Source::Given(given), answerer).await
    }

    /// Replays the facts of `stored` with nothing but `stored`, which has to be in the order of storing.
    pub fn carried(stored: &[Received]) -> Self {
        let events = stored.iter().filter(|message| message.stream == "EVENTS");
        let events: Vec<Received> = events.cloned().collect();
        let by_sequence = events.clone().into_iter().map(|event| (event.sequence, event));
        let facts = stored.iter().filter(|message| FACTS.contains(&message.stream.as_str()));
        Self {
            stage: Stage::carried(&events),
            recorded: Recorded::of(stored),
            source: Source::Given(facts.cloned().collect()),
            log: EventLog::Carried(Arc::new(by_sequence.collect())),
            answerer: None,
            done: BTreeMap::new(),
            handled: HashMap::new(),
        }
    }

    async fn open(
        connection: &Connection,
        begin: Begin,
        source: Source,
        answerer: Option<Answerer>,
    ) -> Result<Self, Error> {
        Ok(Self {
            stage: Stage::open(connection).await?,
            recorded: Recorded::read(connection, begin).await?,
            source,
            log: EventLog::Kept(Log::new(connection)),
            answerer,
            done: BTreeMap::new(),
            handled: HashMap::new(),
        })
    }

    /// Leaves out what was replayed before: everything up to these sequences of their streams.
    pub fn after(mut self, done: BTreeMap<String, u64>) -> Self {
        self.done = done;
        self
    }

    /// How many facts there may be.
    pub fn matching(&self) -> u64 {
        match &self.source {
            Source::Selected(reader) => reader.matching(),
            Source::Given(given) => given.len() as u64,
        }
    }

    /// The streams that no longer have all of the range.
    ///
    /// # Errors
    /// When a stream can't be asked about.
    pub async fn cuts(&self) -> Result<Vec<Cut>, Error> {
        match &self.source {
            Source::Selected(reader) => Ok(reader.cuts().await?),
            Source::Given(_) => Ok(Vec::new()),
        }
    }

    async fn next(&mut self) -> Result<Option<Received>, Error> {
        match &mut self.source {
            Source::Selected(reader) => Ok(reader.next().await?),
            Source::Given(given) => Ok(given.pop_front()),
        }
    }

    /// Replays all of them, in their order.
    pub fn verdicts(self) -> impl Stream<Item = Result<(Received, Verdict), Error>> {
        let judge = Arc::new(Judge {
            log: self.log.clone(),
            stage: self.stage.clone(),
            answerer: self.answerer.clone(),
        });
        let planned = stream::unfold(Some(self), async |replay| {
            let mut replay = replay?;
            match replay.next_planned().await {
                Ok(planned) => planned.map(|planned| (Ok(planned), Some(replay))),
                Err(error) => Some((Err(error), None)),
            }
        });
        planned
            .map(move |planned| {
                let judge = Arc::clone(&judge);
                async move {
                    let planned = planned?;
                    let verdict = judge.judge(&planned).await?;
                    Ok((planned.fact, verdict))
                }
            })
            .buffered(AT_ONCE)
    }

    async fn next_planned(&mut self) -> Result<Option<Planned>, Error> {
        while let Some(fact) = self.next().await? {
            let is_done = self.done.get(&fact.stream).is_some_and(|done| fact.sequence <= *done);
            let planned = self.plan(fact);
            if !is_done {
                return Ok(Some(planned));
            }
        }
        Ok(None)
    }

    /// As of when a fact was handled: right before the first thing that came of it; if nothing did, some time between the
    /// fact before it of the same key and the end of its handler's patience.
    fn plan(&mut self, fact: Received) -> Planned {
        let effects = self.recorded.effects(&fact.envelope.id).to_vec();
        let key = handlers::key(&self.stage, &fact).map(|key| format!("{} {key}", fact.stream));
        let handled = key.as_ref().and_then(|key| self.handled.get(key)).copied().unwrap_or(0);
        let moments = match effects.first() {
            Some(first) => vec![Moment::Before(first.sequence)],
            None => vec![
                Moment::Until(fact.published, handled),
                Moment::Until(fact.published + PATIENCE, handled),
            ],
        };
        if let (Some(key), Some(last)) = (key, effects.last()) {
            self.handled.insert(key, last.sequence.max(handled));
        }
        Planned {
            letter: self.recorded.letter(&fact.envelope.id),
            is_given_up: self.recorded.is_given_up(&fact),
            effects,
            moments,
            fact,
        }
    }
}

/// What came of facts stands in EVENTS after the first of them was stored.
async fn begin_of_events(connection: &Connection, selection: &Selection) -> Result<Begin, Error> {
    let log = Log::new(connection);
    let selection::Range { begin, .. } = selection.range;
    let mut first = None;
    for stream in selection.streams() {
        let bounds = log.bounds(stream).await?;
        let time = match begin {
            Begin::Since(time) => Some(time),
            Begin::First => bounds.first_time,
            Begin::At(sequence) => {
                let start = infragpt_nats::Start::After(sequence.saturating_sub(1));
                let some = log.read_some(stream, ">", start, 1).await?;
                some.and_then(|(messages, _)| Some(messages.first()?.published))
            }
        };
        first = [first, time].into_iter().flatten().min();
    }
    Ok(first.map_or(Begin::First, Begin::Since))
}

/// Decides again, and compares.
struct Judge {
    log: EventLog,
    stage: Stage,
    answerer: Option<Answerer>,
}

impl Judge {
    async fn judge(&self, planned: &Planned) -> Result<Verdict, Error> {
        let mut changes = Vec::new();
        for moment in &planned.moments {
            changes = self.changes(planned, *moment).await?;
            if changes.is_empty() {
                return Ok(Verdict::Same);
            }
        }
        let fact = &planned.fact;
        Ok(Verdict::Different(Box::new(Difference {
            fact: Fact {
                stream: fact.stream.clone(),
                sequence: fact.sequence,
                id: fact.envelope.id.clone(),
                kind: fact.envelope.kind.clone(),
                subject: fact.subject.clone(),
                stored_at: fact.published,
            },
            changes,
        })))
    }

    /// What is different when it is decided as of `moment`.
    async fn changes(&self, planned: &Planned, moment: Moment) -> Result<Vec<Change>, Error> {
        let Planned {
            fact,
            effects,
            letter,
            is_given_up,
            ..
        } = planned;
        let mut recorded = None;
        let mut posted_id = None;
        if fact.stream == "EVENTS" {
            let read = read(&self.log, effects).await?;
            posted_id = read
                .iter()
                .find_map(|event| event.data["posted_id"].as_str().map(str::to_owned));
            recorded = Some(read);
        }
        let answering = (self.answerer.as_ref(), posted_id);
        let decided = match handlers::decide(&self.stage.at(moment), fact, answering).await {
            Ok(decided) => decided,
            Err(error) if error.is_retry() => {
                return Err(Error::Handler {
                    place: format!("{}#{}", fact.stream, fact.sequence),
                    source: error,
                });
            }
            Err(_) if (letter.is_some() || *is_given_up) && effects.is_empty() => return Ok(Vec::new()),
            Err(error) => {
                let reason = error.to_string();
                return Ok(vec![Change::Fails { reason }]);
            }
        };
        let mut changes: Vec<Change> = letter
            .iter()
            .map(|letter| Change::NoLongerDead { letter: *letter })
            .collect();
        if !is_recorded(effects, &decided) {
            let recorded = match recorded {
                Some(recorded) => recorded,
                None => read(&self.log, effects).await?,
            };
            changes.extend(compare(recorded, decided.into_iter().map(appended).collect()));
        }
        Ok(changes)
    }
}

/// Whether exactly what is recorded was decided again.
fn is_recorded(effects: &[Effect], decided: &[Decided]) -> bool {
    let is_it = |decided: &Decided| {
        effects.iter().any(|effect| {
            effect.id.to_string() == decided.envelope.id
                && effect.subject == decided.subject
                && effect.digest == Some(today::digest(&decided.payload))
        })
    };
    effects.len() == decided.len() && decided.iter().all(is_it)
}

fn appended(decided: Decided) -> Appended {
    Appended {
        sequence: None,
        id: decided.envelope.id.parse().unwrap_or_default(),
        subject: decided.subject,
        data: decided.payload,
    }
}

/// What is recorded, read from the log again.
async fn read(log: &EventLog, effects: &[Effect]) -> Result<Vec<Appended>, Error> {
    let mut read = Vec::with_capacity(effects.len());
    for effect in effects {
        let found = log.at(effect.sequence).await?;
        let data = found.and_then(|event| today::payload(&event)?.ok());
        read.push(Appended {
            sequence: Some(effect.sequence),
            id: effect.id,
            subject: effect.subject.clone(),
            data: data.unwrap_or_default(),
        });
    }
    Ok(read)
}
