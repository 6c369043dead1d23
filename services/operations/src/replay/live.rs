//! For real: messages are handled once more by the roles that handle them, with an operator's reason.

use std::collections::BTreeMap;

use infragpt_events::audit::AuditedAction;
use infragpt_nats::{
    AuditReference, Connection, Log, Received, Redelivered, Redelivery,
    definition::{self, Definitions},
    log, request,
};

use super::handlers::FACTS;
use crate::{Mode, Operator, Reader, Selection, operator::Target, reading};

/// The consumer of every stream that only notes what is there: it is rebuilt, not redelivered to.
const PROJECTIONS: &str = "projections";

/// Why messages can't be handled again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The messages can't be read.
    #[error(transparent)]
    Reading(#[from] reading::Error),
    /// A stream can't be asked about.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The audit or a role did not answer.
    #[error("{}", crate::operator::unanswered(.0))]
    Request(#[from] request::Error),
    /// Consumers can't be told from their files.
    #[error(transparent)]
    Definitions(#[from] definition::Error),
    /// No role handles what a stream has.
    #[error("nobody handles what {stream} has: what can be handled again is in {} and EVENTS", FACTS.join(", "))]
    NotHandled {
        /// Which stream.
        stream: String,
    },
}

/// What came of one message at one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The consumer.
    pub consumer: String,
    /// What came of it.
    pub redelivered: Redelivered,
}

/// Hands messages to their consumers again.
#[derive(Debug)]
pub struct Live {
    operator: Operator,
    log: Log,
    redelivery: Redelivery,
    definitions: Definitions,
    organization: Option<String>,
    /// By stream: up to where a record allows it.
    records: BTreeMap<String, (AuditReference, u64)>,
}

impl Live {
    /// As `operator`; the audit has it as `organization`'s, or nobody's.
    ///
    /// # Errors
    /// [`Error::Definitions`].
    pub fn new(operator: Operator, organization: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            log: Log::new(&operator.connection),
            redelivery: Redelivery::new(&operator.connection),
            definitions: Definitions::embedded(1)?,
            organization: organization.map(str::to_owned),
            records: BTreeMap::new(),
            operator,
        })
    }

    /// The messages of `selection`: facts, and events where it names their stream.
    ///
    /// # Errors
    /// [`Error`] when they can't be read, or nobody handles them.
    pub async fn select(connection: &Connection, mut selection: Selection) -> Result<Reader, Error> {
        let is_handled = |stream: &String| FACTS.contains(&stream.as_str()) || stream == "EVENTS";
        if let Some(stream) = selection.streams.iter().find(|stream| !is_handled(stream)) {
            return Err(Error::NotHandled { stream: stream.clone() });
        }
        if selection.streams.is_empty() {
            selection.streams = FACTS.map(str::to_owned).to_vec();
        }
        Ok(Reader::open(connection, selection, Mode::Range).await?)
    }

    /// Has `received` handled again by everybody who handles it; nothing where nobody does. What its stream has up to now is on
    /// record before the first of it is handed on.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn redeliver(&mut self, received: &Received) -> Result<Vec<Again>, Error> {
        let Received { stream, sequence, .. } = received;
        let consumers = self.definitions.consumers_of(stream, &received.subject);
        let consumers: Vec<String> = consumers
            .filter(|consumer| *consumer != PROJECTIONS)
            .map(str::to_owned)
            .collect();
        if consumers.is_empty() {
            return Ok(Vec::new());
        }
        let audit = self.record(stream, *sequence).await?;
        let mut done = Vec::new();
        for consumer in consumers {
            let redelivered = self.redelivery.redeliver(stream, &consumer, *sequence, &audit).await?;
            done.push(Again { consumer, redelivered });
        }
        Ok(done)
    }

    async fn record(&mut self, stream: &str, sequence: u64) -> Result<AuditReference, Error> {
        if let Some((audit, last)) = self.records.get(stream)
            && sequence <= *last
        {
            return Ok(audit.clone());
        }
        let last = self.log.bounds(stream).await?.last_sequence.max(sequence);
        let target = Target {
            place: format!("{stream}#{sequence}-{last}"),
            organization: self.organization.as_deref(),
            id: None,
            correlation: None,
        };
        let audit = self.operator.record(AuditedAction::Redelivered, target).await?;
        self.records.insert(stream.to_owned(), (audit.clone(), last));
        Ok(audit)
    }
}
