//! Whole aggregates, read once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{AggregateSubject, Connection, Received, direct, direct::Period, is_match};

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
    /// The log before a sequence, and then what is appended here.
    Branch {
        connection: Connection,
        from: u64,
        of: tokio::sync::Mutex<HashMap<String, Vec<Received>>>,
    },
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

    pub fn branch(connection: &Connection, from: u64) -> Self {
        Self::Branch {
            connection: connection.clone(),
            from,
            of: tokio::sync::Mutex::default(),
        }
    }

    pub async fn append(&self, event: Received) -> Result<(), direct::Error> {
        if let Self::Branch { connection, from, of } = self
            && let Some((aggregate, _)) = event.subject.rsplit_once('.')
        {
            let all = format!("{aggregate}.>");
            let mut of = of.lock().await;
            grown(connection, *from, &mut of, &all).await?.push(event);
        }
        Ok(())
    }

    /// The events of EVENTS on subjects that match `filter`, stored within `period`.
    pub async fn within(&self, filter: &str, period: Period) -> Result<Vec<Received>, direct::Error> {
        match self {
            Self::Log { connection, .. } => direct::within(&connection.client, "EVENTS", filter, period).await,
            Self::Carried(of) => {
                let all = of.values().flat_map(|events| events.iter());
                Ok(chosen(all, filter, period))
            }
            Self::Branch { connection, from, of } => {
                let mut before = direct::within(&connection.client, "EVENTS", filter, period).await?;
                before.retain(|event| event.sequence < *from);
                let of = of.lock().await;
                before.extend(chosen(
                    of.values().flatten().filter(|event| event.sequence >= *from),
                    filter,
                    period,
                ));
                Ok(before)
            }
        }
    }

    /// Everything that ever happened to an aggregate.
    pub async fn of(&self, subject: &AggregateSubject) -> Result<Arc<[Received]>, direct::Error> {
        let (connection, known) = match self {
            Self::Log { connection, known } => (connection, known),
            Self::Carried(of) => return Ok(of.get(&subject.all()).cloned().unwrap_or_default()),
            Self::Branch { connection, from, of } => {
                let mut of = of.lock().await;
                return Ok(grown(connection, *from, &mut of, &subject.all()).await?.clone().into());
            }
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

fn chosen<'events>(events: impl Iterator<Item = &'events Received>, filter: &str, period: Period) -> Vec<Received> {
    let is_meant = |event: &&Received| {
        is_match(filter, &event.subject) && (period.since..=period.until).contains(&event.published)
    };
    let mut chosen: Vec<Received> = events.filter(is_meant).cloned().collect();
    chosen.sort_by_key(|event| event.sequence);
    chosen
}

/// An aggregate of a branch, with what it had before.
async fn grown<'branch>(
    connection: &Connection,
    from: u64,
    of: &'branch mut HashMap<String, Vec<Received>>,
    all: &str,
) -> Result<&'branch mut Vec<Received>, direct::Error> {
    if !of.contains_key(all) {
        let mut before = direct::read_all(&connection.client, "EVENTS", all, 1).await?.messages;
        before.retain(|event| event.sequence < from);
        of.insert(all.to_owned(), before);
    }
    Ok(of.entry(all.to_owned()).or_default())
}
