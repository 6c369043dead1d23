//! Whole aggregates, read once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{AggregateSubject, Connection, Received, direct};

/// How many events are remembered at most; then all are forgotten.
const MOST: usize = 20_000;

/// Where aggregates are read from.
#[derive(Debug)]
pub(super) enum Histories {
    /// The log.
    Log {
        connection: Connection,
        known: Mutex<Known>,
    },
    /// A part of it that somebody carried away.
    Carried(HashMap<String, Arc<[Received]>>),
}

#[derive(Debug, Default)]
pub(super) struct Known {
    of: HashMap<AggregateSubject, Arc<[Received]>>,
    events: usize,
}

impl Histories {
    pub fn new(connection: &Connection) -> Self {
        Self::Log {
            connection: connection.clone(),
            known: Mutex::default(),
        }
    }

    /// Of `events` alone, which have to be in their order.
    pub fn carried(events: &[Received]) -> Self {
        let mut of: HashMap<String, Vec<Received>> = HashMap::new();
        for event in events {
            if let Some((aggregate, _)) = event.subject.rsplit_once('.') {
                of.entry(format!("{aggregate}.>")).or_default().push(event.clone());
            }
        }
        Self::Carried(
            of.into_iter()
                .map(|(subject, events)| (subject, events.into()))
                .collect(),
        )
    }

    /// Everything that ever happened to an aggregate.
    pub async fn of(&self, subject: &AggregateSubject) -> Result<Arc<[Received]>, direct::Error> {
        let (connection, known) = match self {
            Self::Log { connection, known } => (connection, known),
            Self::Carried(of) => return Ok(of.get(&subject.all()).cloned().unwrap_or_default()),
        };
        if let Some(known) = known.lock().unwrap_or_else(PoisonError::into_inner).of.get(subject) {
            return Ok(Arc::clone(known));
        }
        let read = direct::read_all(&connection.client, subject.stream(), &subject.all(), 1).await?;
        let events: Arc<[Received]> = read.messages.into();
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.events + events.len() > MOST {
            *known = Known::default();
        }
        known.events += events.len();
        known.of.insert(subject.clone(), Arc::clone(&events));
        Ok(events)
    }
}
