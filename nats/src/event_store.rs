//! Aggregates in the log: loaded by folding, appended to with the version that was decided on.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use infragpt_events::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::{
    AggregateSubject, Connection, DecodeFailure, Envelope, Received, Rehearsal, decode_event, direct, publish,
    received::event_type,
};

const STREAM: &str = "EVENTS";
const NAMESPACE: Uuid = uuid!("5b0f2d3e-52a5-5c6f-9d1b-6f1d8b6b3a04");

/// How often a command is decided again after losing a race.
const TRIES: u32 = 10;

/// How long an append is tried again while JetStream does not answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// The sequence of an aggregate's last event; 0 before its first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// A place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The stream.
    pub stream: String,
    /// The sequence there.
    pub sequence: u64,
}

/// An aggregate as the log has it.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    /// Its state.
    pub state: A,
    /// What to expect when appending.
    pub version: Version,
}

/// What a command did.
#[derive(Debug, Clone)]
pub struct Executed<E> {
    /// The events that were appended; none when there was nothing to do.
    pub events: Vec<E>,
    /// Where the last of them is.
    pub position: Option<Position>,
}

/// Where a request came from, as its first server saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The network address of whoever asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The HTTP request's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// What an event follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The identifier of the causing event or request. The new events' identifiers are derived from it.
    pub id: String,
    /// The event that the whole case goes back to.
    pub correlation: String,
    /// Who did it, as `<kind>:<id>`.
    pub actor: String,
    /// When.
    pub time: DateTime<Utc>,
    /// The W3C trace context.
    pub traceparent: Option<String>,
    /// Where the request came from, if it follows from one.
    pub origin: Origin,
}

impl Cause {
    /// `received` as the cause, on behalf of `actor`.
    pub fn of(received: &Received, actor: impl Into<String>) -> Self {
        let envelope = &received.envelope;
        Self {
            id: envelope.id.clone(),
            correlation: envelope.correlation.clone().unwrap_or_else(|| envelope.id.clone()),
            actor: actor.into(),
            time: received.published,
            traceparent: envelope.traceparent.clone(),
            origin: Origin {
                address: envelope.client_address.clone(),
                request: envelope.request.clone(),
            },
        }
    }
}

/// Why the log could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The aggregate can't be read.
    #[error("the aggregate can't be loaded")]
    Load(#[from] direct::Error),
    /// One of its events is not known to this build.
    #[error("the aggregate has an event that this build can't read")]
    Decode(#[from] DecodeFailure),
    /// The append is not known to have happened.
    #[error("the events could not be appended: {0}")]
    Append(String),
    /// Others were faster every time.
    #[error("{TRIES} tries in a row lost against other writers")]
    Contended,
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: std::error::Error + 'static> {
    /// The aggregate refused it.
    #[error(transparent)]
    Refused(E),
    /// The log could not be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The event store: the log, or the log as it was.
#[derive(Debug, Clone)]
pub struct EventStore(Log);

#[derive(Debug, Clone)]
enum Log {
    Live(Live),
    AsItWas(Rehearsal),
}

/// The log, with the permissions of a connection's role.
#[derive(Debug, Clone)]
struct Live {
    connection: Connection,
}

impl EventStore {
    /// The store with the permissions of `connection`'s role.
    pub fn new(connection: &Connection) -> Self {
        Self(Log::Live(Live {
            connection: connection.clone(),
        }))
    }

    /// The log as it was; what is executed is kept by `rehearsal` and appended nowhere.
    pub fn rehearse(rehearsal: &Rehearsal) -> Self {
        Self(Log::AsItWas(rehearsal.clone()))
    }

    /// Loads an aggregate by folding its events.
    ///
    /// # Errors
    /// [`Error::Load`] and [`Error::Decode`].
    pub async fn load<A: Aggregate>(&self, subject: &AggregateSubject) -> Result<Loaded<A>, Error> {
        match &self.0 {
            Log::Live(live) => live.load(subject).await,
            Log::AsItWas(rehearsal) => rehearsal.load(subject).await,
        }
    }

    /// An aggregate's events in order, each with the time at which it was stored.
    ///
    /// # Errors
    /// [`Error::Load`] and [`Error::Decode`].
    pub async fn history<A: Aggregate>(
        &self,
        subject: &AggregateSubject,
    ) -> Result<Vec<(DateTime<Utc>, A::Event)>, Error> {
        let stored = match &self.0 {
            Log::Live(live) => live.events(subject).await?.messages,
            Log::AsItWas(rehearsal) => rehearsal.events(subject).await?,
        };
        stored
            .iter()
            .map(|received| Ok((received.published, decode_event::<A::Event>(received)?.event)))
            .collect()
    }

    /// The events on subjects that match `filter` (with `*` for any token) that were stored within `period`, in their order.
    ///
    /// # Errors
    /// [`Error::Load`].
    pub async fn within(&self, filter: &str, period: direct::Period) -> Result<Vec<Received>, Error> {
        Ok(match &self.0 {
            Log::Live(live) => direct::within(&live.connection.client, STREAM, filter, period).await?,
            Log::AsItWas(rehearsal) => rehearsal.within(filter, period).await?,
        })
    }

    /// The sequence of the newest event of all, from the stream's leader; 0 before the first, and in a rehearsal, where
    /// nothing is new.
    ///
    /// # Errors
    /// [`Error::Load`].
    pub async fn last_sequence(&self) -> Result<u64, Error> {
        let Log::Live(Live { connection }) = &self.0 else {
            return Ok(0);
        };
        let newest = direct::last(&connection.client, STREAM, "events.>").await?;
        Ok(newest.map_or(0, |last| last.sequence))
    }

    /// Loads, decides and appends; decides again when another writer was first.
    ///
    /// # Errors
    /// The aggregate's refusal, or why the log could not be used.
    pub async fn execute<A: Aggregate>(
        &self,
        subject: &AggregateSubject,
        cause: &Cause,
        command: A::Command,
    ) -> Result<Executed<A::Event>, ExecuteError<A::Error>> {
        match &self.0 {
            Log::Live(live) => {
                let loaded = live.load::<A>(subject).await?;
                live.execute_on(loaded, subject, cause, command).await
            }
            Log::AsItWas(rehearsal) => rehearsal.execute::<A>(subject, cause, command).await,
        }
    }

    /// As [`execute`](Self::execute), but first tries on an aggregate that does not exist yet, which saves the
    /// loading where that is the rule.
    ///
    /// # Errors
    /// The same as [`execute`](Self::execute)'s.
    pub async fn execute_new<A: Aggregate>(
        &self,
        subject: &AggregateSubject,
        cause: &Cause,
        command: A::Command,
    ) -> Result<Executed<A::Event>, ExecuteError<A::Error>> {
        let nothing = Loaded {
            state: A::default(),
            version: Version::default(),
        };
        match &self.0 {
            Log::Live(live) => live.execute_on(nothing, subject, cause, command).await,
            Log::AsItWas(rehearsal) => rehearsal.execute::<A>(subject, cause, command).await,
        }
    }
}

impl Live {
    async fn events(&self, subject: &AggregateSubject) -> Result<direct::Read, direct::Error> {
        direct::read_all(&self.connection.client, subject.stream(), &subject.all(), 1).await
    }

    async fn load<A: Aggregate>(&self, subject: &AggregateSubject) -> Result<Loaded<A>, Error> {
        let stored = self.events(subject).await?;
        let mut state = A::default();
        for received in &stored.messages {
            state = state.evolve(&decode_event::<A::Event>(received)?.event);
        }
        Ok(Loaded {
            state,
            version: Version(stored.last),
        })
    }

    async fn execute_on<A: Aggregate>(
        &self,
        mut loaded: Loaded<A>,
        subject: &AggregateSubject,
        cause: &Cause,
        command: A::Command,
    ) -> Result<Executed<A::Event>, ExecuteError<A::Error>> {
        // A replica that lags shows an old state. Appending on it loses and loads again; deciding for nothing does not,
        // so that is believed only of a state that the leader confirms.
        let mut confirmed = false;
        for attempt in 0..TRIES {
            let decided = loaded.state.decide(command.clone());
            if !confirmed && decided.as_ref().is_ok_and(Vec::is_empty) | decided.is_err() {
                confirmed = true;
                if self.newest(subject).await? > loaded.version {
                    loaded = self.load_from_leader(subject).await?;
                    continue;
                }
            }
            let events = decided.map_err(ExecuteError::Refused)?;
            if let Appended::At(position) = self.append(subject, loaded.version, cause, &events).await? {
                return Ok(Executed { events, position });
            }
            tracing::debug!(subject = subject.all(), attempt, "Lost a race, deciding again");
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=5 << attempt.min(6)))).await;
            }
            loaded = self.load_from_leader(subject).await?;
            confirmed = true;
        }
        Err(Error::Contended.into())
    }

    /// The version that the stream's leader has.
    async fn newest(&self, subject: &AggregateSubject) -> Result<Version, Error> {
        let newest = direct::last(&self.connection.client, subject.stream(), &subject.all()).await?;
        Ok(Version(newest.map_or(0, |last| last.sequence)))
    }

    /// Loads until the state is what the leader has, because a replica may lag behind.
    async fn load_from_leader<A: Aggregate>(&self, subject: &AggregateSubject) -> Result<Loaded<A>, Error> {
        let newest = self.newest(subject).await?;
        let mut loaded = self.load::<A>(subject).await?;
        for _ in 0..TRIES {
            if loaded.version >= newest {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            loaded = self.load::<A>(subject).await?;
        }
        Ok(loaded)
    }

    async fn append<E: DomainEvent>(
        &self,
        subject: &AggregateSubject,
        expected: Version,
        cause: &Cause,
        events: &[E],
    ) -> Result<Appended, Error> {
        let messages: Vec<Message> = events
            .iter()
            .enumerate()
            .map(|(index, event)| Message::new(subject, cause, event, index))
            .collect();
        let Some(last) = messages.last() else {
            return Ok(Appended::At(None));
        };
        let last_id = last.id.clone();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let problem = match self.send(subject, expected, &messages).await {
                Ok(stored) => {
                    return Ok(Appended::At(Some(Position {
                        stream: stored.stream,
                        sequence: stored.sequence,
                    })));
                }
                Err(publish::Error::Conflict) => {
                    // A retried publish of ours loses against itself: the last event tells.
                    let newest = direct::last(&self.connection.client, subject.stream(), &subject.all()).await?;
                    return Ok(match newest {
                        Some(newest) if newest.id.as_deref() == Some(&last_id) => Appended::At(Some(Position {
                            stream: subject.stream().to_owned(),
                            sequence: newest.sequence,
                        })),
                        _ => Appended::Lost,
                    });
                }
                Err(error @ publish::Error::Unavailable(_)) => error,
                Err(error) => return Err(Error::Append(error.to_string())),
            };
            if tokio::time::Instant::now() >= deadline {
                return Err(Error::Append(problem.to_string()));
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(50..200))).await;
        }
    }

    async fn send(
        &self,
        subject: &AggregateSubject,
        expected: Version,
        messages: &[Message],
    ) -> Result<publish::Acknowledged, publish::Error> {
        let client = &self.connection.client;
        let expectation = |headers: &mut HeaderMap| {
            headers.insert("Nats-Expected-Last-Subject-Sequence", expected.0.to_string());
            headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", subject.all().as_str());
        };
        if let [only] = messages {
            let mut headers = only.headers.clone();
            expectation(&mut headers);
            return publish::publish(client, only.subject.clone(), headers, only.payload.clone()).await;
        }
        // Atomic batch: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-50.md
        let batch = format!("{}-{}", messages[0].id, fastrand::u64(..));
        let (last, before) = messages
            .split_last()
            .ok_or_else(|| publish::Error::Unavailable("nothing to send".into()))?;
        for (index, message) in before.iter().enumerate() {
            let mut headers = message.headers.clone();
            if index == 0 {
                expectation(&mut headers);
            }
            headers.insert("Nats-Batch-Id", batch.as_str());
            headers.insert("Nats-Batch-Sequence", (index + 1).to_string());
            if index == 0 {
                // The first message is a request, so that a refused batch is known before the rest is sent.
                let request = async_nats::Request::new()
                    .headers(headers)
                    .payload(message.payload.clone())
                    .timeout(Some(publish::TIMEOUT));
                let answer = client.send_request(message.subject.clone(), request).await?;
                if !answer.payload.is_empty() {
                    return parse_refusal(&answer.payload);
                }
            } else {
                client
                    .publish_with_headers(message.subject.clone(), headers, message.payload.clone())
                    .await
                    .map_err(|error| publish::Error::Unavailable(error.to_string()))?;
            }
        }
        let mut headers = last.headers.clone();
        headers.insert("Nats-Batch-Id", batch.as_str());
        headers.insert("Nats-Batch-Sequence", messages.len().to_string());
        headers.insert("Nats-Batch-Commit", "1");
        publish::publish(client, last.subject.clone(), headers, last.payload.clone()).await
    }
}

/// Reads the answer to a batch's first message, which has a body only when it is refused.
fn parse_refusal(payload: &[u8]) -> Result<publish::Acknowledged, publish::Error> {
    publish::parse(payload).and_then(|_: publish::Acknowledged| {
        Err(publish::Error::Unavailable(
            "the server stored the first message of a batch alone".to_owned(),
        ))
    })
}

enum Appended {
    At(Option<Position>),
    Lost,
}

struct Message {
    id: String,
    subject: String,
    headers: HeaderMap,
    payload: Bytes,
}

impl Message {
    fn new<E: DomainEvent>(subject: &AggregateSubject, cause: &Cause, event: &E, index: usize) -> Self {
        let envelope = envelope_of(subject, cause, event, index);
        Self {
            subject: subject.event(event.name()),
            headers: envelope.headers(),
            payload: event.payload().to_string().into(),
            id: envelope.id,
        }
    }
}

/// What stands on the envelope of the event at `index` that `cause` leads to.
pub(crate) fn envelope_of<E: DomainEvent>(
    subject: &AggregateSubject,
    cause: &Cause,
    event: &E,
    index: usize,
) -> Envelope {
    Envelope {
        id: event_id(subject, cause, event.name(), index).to_string(),
        source: format!("/organizations/{}/{}", subject.organization(), subject.aggregate()),
        kind: event_type(event),
        time: Some(cause.time),
        subject: Some(subject.id().to_string()),
        datacontenttype: Some("application/json".to_owned()),
        organization: Some(subject.organization().to_string()),
        correlation: Some(cause.correlation.clone()),
        causation: Some(cause.id.clone()),
        actor: Some(cause.actor.clone()),
        traceparent: cause.traceparent.clone(),
        client_address: cause.origin.address.clone(),
        request: cause.origin.request.clone(),
        ..Envelope::default()
    }
}

/// The same cause, decided again, gives the same identifiers, so handling a fact twice appends nothing new.
fn event_id(subject: &AggregateSubject, cause: &Cause, name: &str, index: usize) -> Uuid {
    Uuid::new_v5(
        &NAMESPACE,
        format!("{}\n{}\n{index}", cause.id, subject.event(name)).as_bytes(),
    )
}
