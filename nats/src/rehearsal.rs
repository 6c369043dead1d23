//! The log as it was: commands are decided on it by the very code that runs live, and what they decide is kept and appended
//! nowhere.

mod claims;
mod history;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use infragpt_events::{Aggregate, ConnectorKind, DomainEvent as _};
use serde_json::Value;

use self::{claims::Claims, history::Histories};
use crate::{
    AggregateSubject, Cause, Claim, Connection, Envelope, ExecuteError, Executed, Received, Version, decode_event,
    direct,
    event_store::{self, Loaded, envelope_of},
};

/// As of when the log is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before this sequence of EVENTS.
    Before(u64),
    /// With everything that was stored until this time, and everything up to this sequence of EVENTS, whichever is more.
    Until(DateTime<Utc>, u64),
}

impl Moment {
    /// Whether `event` was in the log then.
    pub fn has(&self, event: &Received) -> bool {
        match *self {
            Self::Before(sequence) => event.sequence < sequence,
            Self::Until(time, sequence) => event.published <= time || event.sequence <= sequence,
        }
    }
}

/// What the log says, for any number of rehearsals.
#[derive(Debug, Clone)]
pub struct Stage(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    histories: Histories,
    claims: Claims,
}

/// One rehearsal: the log as of a moment, and what was decided on it. Handlers take it in the place of a connection.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    stage: Stage,
    moment: Moment,
    decided: Arc<Mutex<Vec<Decided>>>,
}

/// An event that would have been appended.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The subject that it would have been published on.
    pub subject: String,
    /// What would stand on it. Its identifier is that of the recorded event if that was decided for the same reason.
    pub envelope: Envelope,
    /// Its payload in today's shape.
    pub payload: Value,
}

impl Decided {
    /// It as EVENTS would hold it, at a place of one's own.
    pub fn stored(self, sequence: u64, published: DateTime<Utc>) -> Received {
        Received {
            envelope: self.envelope,
            payload: self.payload.to_string().into(),
            stream: "EVENTS".to_owned(),
            subject: self.subject,
            sequence,
            published,
            delivered: 0,
        }
    }
}

impl Stage {
    /// Reads who had which account when, and otherwise nothing yet.
    ///
    /// # Errors
    /// When EVENTS can't be read with `connection`'s permissions.
    pub async fn open(connection: &Connection) -> Result<Self, direct::Error> {
        Ok(Self(Arc::new(Shared {
            histories: Histories::new(connection),
            claims: Claims::read(connection).await?,
        })))
    }

    /// Nothing but `events` of EVENTS, in their order: a part of the log that somebody carried away.
    pub fn carried(events: &[Received]) -> Self {
        Self(Arc::new(Shared {
            histories: Histories::carried(events),
            claims: Claims::of(events.to_vec()),
        }))
    }

    /// A log that goes its own way after what EVENTS had before sequence `from`: with what is [`append`](Self::append)ed.
    ///
    /// # Errors
    /// When EVENTS can't be read with `connection`'s permissions.
    pub async fn branch(connection: &Connection, from: u64) -> Result<Self, direct::Error> {
        Ok(Self(Arc::new(Shared {
            histories: Histories::branch(connection, from),
            claims: Claims::read(connection).await?,
        })))
    }

    /// Appends to a branch; nothing else can be appended to.
    ///
    /// # Errors
    /// When what the aggregate had before can't be read.
    pub async fn append(&self, event: Received) -> Result<(), direct::Error> {
        self.0.histories.append(event).await
    }

    /// The log as it was at `moment`.
    pub fn at(&self, moment: Moment) -> Rehearsal {
        Rehearsal {
            stage: self.clone(),
            moment,
            decided: Arc::default(),
        }
    }
}

impl Rehearsal {
    /// What would have been appended so far, in the order of deciding.
    pub fn decided(&self) -> Vec<Decided> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Decided>> {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn claim(&self, connector: &ConnectorKind, account: &str) -> Option<Claim> {
        self.stage.0.claims.at(connector, account, self.moment)
    }

    /// An aggregate's events then.
    pub(crate) async fn events(&self, subject: &AggregateSubject) -> Result<Vec<Received>, direct::Error> {
        let all = self.stage.0.histories.of(subject).await?;
        Ok(all.iter().filter(|event| self.moment.has(event)).cloned().collect())
    }

    /// The events then on subjects that match `filter`, stored within `period`.
    pub(crate) async fn within(&self, filter: &str, period: direct::Period) -> Result<Vec<Received>, direct::Error> {
        let all = self.stage.0.histories.within(filter, period).await?;
        Ok(all.into_iter().filter(|event| self.moment.has(event)).collect())
    }

    pub(crate) async fn load<A: Aggregate>(&self, subject: &AggregateSubject) -> Result<Loaded<A>, event_store::Error> {
        let mut state = A::default();
        let mut version = 0;
        for received in self.events(subject).await? {
            state = state.evolve(&decode_event::<A::Event>(&received)?.event);
            version = received.sequence;
        }
        for decided in &*self.lock() {
            if let Some(name) = decided.subject.strip_prefix(&subject.event(""))
                && let Ok(event) = A::Event::decode(
                    name,
                    version_of(&decided.envelope.kind),
                    decided.payload.to_string().as_bytes(),
                )
            {
                state = state.evolve(&event);
            }
        }
        Ok(Loaded {
            state,
            version: Version(version),
        })
    }

    pub(crate) async fn execute<A: Aggregate>(
        &self,
        subject: &AggregateSubject,
        cause: &Cause,
        command: A::Command,
    ) -> Result<Executed<A::Event>, ExecuteError<A::Error>> {
        let loaded = self.load::<A>(subject).await?;
        let events = loaded.state.decide(command).map_err(ExecuteError::Refused)?;
        let decided = events.iter().enumerate().map(|(index, event)| Decided {
            subject: subject.event(event.name()),
            envelope: envelope_of(subject, cause, event, index),
            payload: event.payload(),
        });
        self.lock().extend(decided);
        Ok(Executed { events, position: None })
    }
}

fn version_of(kind: &str) -> u32 {
    let version = kind.rsplit_once(".v").and_then(|(_, version)| version.parse().ok());
    version.unwrap_or(1)
}
