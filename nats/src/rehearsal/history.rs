//! Whole aggregates, read once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{AggregateSubject, Connection, Received, direct};

/// How many events are remembered at most; then all are forgotten.
const MOST: usize = 20_000;

#[derive(Debug)]
pub(super) struct Histories {
    connection: Connection,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    of: HashMap<AggregateSubject, Arc<[Received]>>,
    events: usize,
}

impl Histories {
    pub fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            known: Mutex::default(),
        }
    }

    /// Everything that ever happened to an aggregate.
    pub async fn of(&self, subject: &AggregateSubject) -> Result<Arc<[Received]>, direct::Error> {
        if let Some(known) = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .of
            .get(subject)
        {
            return Ok(Arc::clone(known));
        }
        let client = &self.connection.client;
        let read = direct::read_all(client, subject.stream(), &subject.all(), 1).await?;
        let events: Arc<[Received]> = read.messages.into();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.events + events.len() > MOST {
            *known = Known::default();
        }
        known.events += events.len();
        known.of.insert(subject.clone(), Arc::clone(&events));
        Ok(events)
    }
}
