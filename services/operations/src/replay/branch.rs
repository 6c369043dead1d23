//! A history of its own: facts as they came, what this build makes of them, and everything else as it was.

use std::collections::HashSet;

use infragpt_nats::{
    Connection, HandlerError, Log, Namespace, Received, Stage, direct, log, namespace,
    rehearsal::Moment,
    scan::{Begin, End},
};
use serde::Serialize;

use super::handlers::{self, FACTS};
use crate::{Mode, Reader, Selection, reading, selection};

/// What a history was made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Branched {
    /// Facts that went through this build's handlers.
    pub facts: u64,
    /// Events that they decided.
    pub decided: u64,
    /// Events of then whose place these take.
    pub replaced: u64,
    /// Events that do not follow from these facts, and were taken over.
    pub carried: u64,
    /// Facts that this build can't handle.
    pub failed: u64,
}

/// Why a history can't be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It begins or ends with a sequence, which is that of one stream.
    #[error("a history of several streams begins and ends at a time: use `--since` and `--until`")]
    Sequences,
    /// The facts can't be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// A stream can't be asked about.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// What was before can't be read.
    #[error(transparent)]
    Read(#[from] direct::Error),
    /// Its stream can't be written.
    #[error(transparent)]
    Namespace(#[from] namespace::Error),
    /// A handler could not read what was before.
    #[error("{place} could not be replayed")]
    Handler {
        /// Which fact.
        place: String,
        /// Why.
        #[source]
        source: HandlerError,
    },
}

/// Replays the facts of `selection` one after the other, each on what this build made of those before, and stores the history in
/// `namespace`, whose stream has to be there and empty. `each` is told of every message that is stored, with the sequence of its copy.
///
/// # Errors
/// [`Error`]; what is stored by then stays.
pub async fn branch(
    connection: &Connection,
    namespace: &Namespace,
    selection: Selection,
    mut each: impl FnMut(&Received, u64),
) -> Result<Branched, Error> {
    let selection::Range { begin, end } = selection.range;
    if matches!(begin, Begin::At(_)) || matches!(end, End::At(_)) {
        return Err(Error::Sequences);
    }
    let everything = Selection {
        streams: FACTS
            .iter()
            .chain(&["EVENTS"])
            .map(|stream| (*stream).to_owned())
            .collect(),
        range: selection.range,
        ..Selection::default()
    };
    let stage = Stage::branch(connection, first_event(connection, begin).await?).await?;
    let mut reader = Reader::open(connection, everything, Mode::Range).await?;
    let mut replayed = HashSet::new();
    let mut branched = Branched::default();
    while let Some(message) = reader.next().await? {
        if message.stream == "EVENTS" {
            let cause = message.envelope.causation.as_deref().unwrap_or_default();
            if replayed.contains(cause.split('#').next().unwrap_or(cause)) {
                branched.replaced += 1;
                continue;
            }
            let sequence = namespace.store(connection, &message).await?;
            each(&message, sequence);
            stage.append(message).await?;
            branched.carried += 1;
        } else if selection.has_stream(&message.stream) && selection.matches(&message) {
            let sequence = namespace.store(connection, &message).await?;
            each(&message, sequence);
            replayed.insert(message.envelope.id.clone());
            branched.facts += 1;
            let rehearsal = stage.at(Moment::Until(message.published, 0));
            match handlers::decide(&rehearsal, &message, (None, None)).await {
                Ok(decided) => {
                    for decided in decided {
                        let event = decided.stored(u64::MAX, message.published);
                        let sequence = namespace.store(connection, &event).await?;
                        each(&event, sequence);
                        stage.append(event).await?;
                        branched.decided += 1;
                    }
                }
                Err(source) if source.is_retry() => {
                    return Err(Error::Handler {
                        place: format!("{}#{}", message.stream, message.sequence),
                        source,
                    });
                }
                Err(_) => branched.failed += 1,
            }
        }
    }
    Ok(branched)
}

/// The first sequence of EVENTS that belongs to a history which begins there.
async fn first_event(connection: &Connection, begin: Begin) -> Result<u64, Error> {
    let log = Log::new(connection);
    let Begin::Since(time) = begin else { return Ok(0) };
    let first = log
        .read_some("EVENTS", ">", infragpt_nats::Start::Since(time), 1)
        .await?;
    match first.and_then(|(messages, _)| Some(messages.first()?.sequence)) {
        Some(first) => Ok(first),
        None => Ok(log.bounds("EVENTS").await?.last_sequence + 1),
    }
}
