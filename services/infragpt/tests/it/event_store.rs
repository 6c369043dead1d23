//! Appending with the version that was decided on, on a real server.

use std::convert::Infallible;

use chrono::DateTime;
use infragpt::configuration::NatsUser;
use infragpt_events::{
    Aggregate, ConnectorKind, DecodeError, DomainEvent, OrganizationId,
    change::{Actor, Change, ChangeCommand, ChangeKind, Recorded},
    conversation::{self, Addressed, Author, Conversation, ConversationCommand, Message, Place},
};
use infragpt_nats::{AggregateSubject, Cause, EventStore, Log};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Nats;

fn organization() -> OrganizationId {
    OrganizationId::parse("acme").unwrap()
}

fn cause(id: &str) -> Cause {
    Cause {
        id: id.to_owned(),
        correlation: id.to_owned(),
        actor: "test:1".to_owned(),
        time: DateTime::UNIX_EPOCH,
        traceparent: None,
        origin: infragpt_nats::Origin::default(),
    }
}

fn record() -> ChangeCommand {
    ChangeCommand::Record(Recorded {
        connector: ConnectorKind::parse("forge").unwrap(),
        kind: ChangeKind::Push,
        repository: "acme/payments".into(),
        title: "x".into(),
        url: "https://forge.example".into(),
        actor: Actor {
            id: "1".into(),
            name: "maya".into(),
            url: None,
        },
        reference: None,
        revision: None,
        details: vec![],
        occurred_at: DateTime::UNIX_EPOCH,
    })
}

#[tokio::test]
async fn the_same_fact_handled_twice_appends_once() {
    let nats = Nats::start().await;
    let store = EventStore::new(&nats.connect(NatsUser::Handlers).await);
    let subject = AggregateSubject::new::<Change>(&organization(), Uuid::nil());
    let first = store
        .execute_new::<Change>(&subject, &cause("fact"), record())
        .await
        .unwrap();
    assert_eq!((first.events.len(), first.position.unwrap().sequence), (1, 1));
    // Without loading, the second try loses against the first one; its own event is found there.
    let again = store
        .execute_new::<Change>(&subject, &cause("fact"), record())
        .await
        .unwrap();
    assert_eq!(again.position.unwrap().sequence, 1);
    // Another fact of the same change finds it recorded.
    let other = store
        .execute_new::<Change>(&subject, &cause("other"), record())
        .await
        .unwrap();
    assert!(other.events.is_empty() && other.position.is_none());
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    assert_eq!(log.read("EVENTS", ">", 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn writers_at_once_lose_no_message_and_double_none() {
    const WRITERS: usize = 12;
    let nats = Nats::start().await;
    let place = Place {
        connector: ConnectorKind::parse("chat").unwrap(),
        account: "T".into(),
        channel: "C".into(),
        thread: "1".into(),
    };
    let subject = AggregateSubject::new::<Conversation>(&organization(), conversation::id(&place));
    let store = EventStore::new(&nats.connect(NatsUser::Handlers).await);
    let writes = (0..WRITERS * 2).map(|writer| {
        // Two writers each tell of the same gesture, under two event ids.
        let gesture = writer / 2;
        let command = ConversationCommand::ReceiveMessage {
            place: place.clone(),
            message: Message {
                id: format!("1.{gesture}"),
                author: Author {
                    id: "U".into(),
                    name: None,
                },
                text: "?".into(),
                sent_at: DateTime::UNIX_EPOCH,
            },
            addressed: Addressed::Mention,
            is_private: false,
        };
        let (store, subject, cause) = (store.clone(), subject.clone(), cause(&format!("fact-{writer}")));
        tokio::spawn(async move { store.execute::<Conversation>(&subject, &cause, command).await })
    });
    for write in futures::future::join_all(writes).await {
        write.unwrap().unwrap();
    }
    let loaded = store.load::<Conversation>(&subject).await.unwrap();
    let mut asked: Vec<_> = loaded
        .state
        .turns()
        .iter()
        .map(|turn| turn.message.id.clone())
        .collect();
    asked.sort();
    asked.dedup();
    assert_eq!((asked.len(), loaded.state.turns().len()), (WRITERS, WRITERS));
}

/// An aggregate that decides several events at once, to prove that they are stored together.
#[derive(Debug, Clone, Default, PartialEq)]
struct Pair(u64);

#[derive(Debug, Clone, PartialEq)]
struct Half(u64);

impl DomainEvent for Half {
    const AGGREGATE: &'static str = "integration";

    fn name(&self) -> &'static str {
        "half"
    }

    fn version(&self) -> u32 {
        1
    }

    fn payload(&self) -> Value {
        json!(self.0)
    }

    fn decode(_: &str, _: u32, payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self(serde_json::from_slice(payload).unwrap()))
    }
}

impl Aggregate for Pair {
    type Event = Half;
    type Command = u64;
    type Error = Infallible;

    fn decide(&self, size: u64) -> Result<Vec<Half>, Infallible> {
        Ok((0..size).map(|index| Half(self.0 + index)).collect())
    }

    fn evolve(self, event: &Half) -> Self {
        Self(event.0 + 1)
    }
}

#[tokio::test]
async fn several_events_are_stored_together_or_not_at_all() {
    let nats = Nats::start().await;
    let store = EventStore::new(&nats.connect(NatsUser::Handlers).await);
    let subject = AggregateSubject::new::<Pair>(&organization(), Uuid::nil());
    let stored = store.execute::<Pair>(&subject, &cause("one"), 3).await.unwrap();
    assert_eq!(stored.position.unwrap().sequence, 3);
    // A writer that decided on nothing loses as a whole, loads, and decides again.
    let late = store.execute_new::<Pair>(&subject, &cause("two"), 2).await.unwrap();
    assert_eq!(late.events, [Half(3), Half(4)]);
    assert_eq!(store.load::<Pair>(&subject).await.unwrap().state, Pair(5));
    // The retry of a batch that was stored is known by its last event.
    let again = store.execute_new::<Pair>(&subject, &cause("two"), 2).await.unwrap();
    assert_eq!(again.position.unwrap().sequence, 5);
    assert_eq!(store.load::<Pair>(&subject).await.unwrap().version.0, 5);
}

#[tokio::test]
async fn a_long_aggregate_is_loaded_whole() {
    let nats = Nats::start().await;
    let store = EventStore::new(&nats.connect(NatsUser::Handlers).await);
    let subject = AggregateSubject::new::<Pair>(&organization(), Uuid::nil());
    for index in 0..3 {
        store
            .execute::<Pair>(&subject, &cause(&format!("batch-{index}")), 400)
            .await
            .unwrap();
    }
    let loaded = store.load::<Pair>(&subject).await.unwrap();
    assert_eq!((loaded.state, loaded.version.0), (Pair(1_200), 1_200));
}
