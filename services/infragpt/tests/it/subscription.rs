//! The runtime that every handler runs in.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use chrono::DateTime;
use infragpt::configuration::NatsUser;
use infragpt_events::{
    ConnectorKind, OrganizationId,
    change::Change,
    conversation::{self, Addressed, Author, Conversation, ConversationCommand, Message, Place},
};
use infragpt_nats::{
    AggregateSubject, Cause, Envelope, EventStore, FactPublisher, Handler, HandlerError, Log, RawSubject, Received,
    Route, Subscription, subscription,
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::harness::{Nats, until};

/// What a handler does with a message, by its payload.
#[derive(Clone)]
struct Recorder {
    /// Payloads in the order in which they were handled successfully.
    handled: Arc<Mutex<Vec<String>>>,
    attempts: Arc<Mutex<HashMap<String, u32>>>,
    /// `slow` messages wait for a permit.
    gate: Arc<Semaphore>,
}

impl Recorder {
    fn new() -> Self {
        Self {
            handled: Arc::default(),
            attempts: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    fn handled(&self) -> Vec<String> {
        self.handled.lock().unwrap().clone()
    }
}

impl Handler for Recorder {
    fn route(&self, received: &Received) -> Route {
        // raw.slack.<tenant>.<key>
        let token = |index| received.token(index).unwrap_or_default().to_owned();
        Route {
            key: format!("{}-{}", token(2), token(3)),
            tenant: token(2),
        }
    }

    async fn handle(&self, received: Received) -> Result<(), HandlerError> {
        let text = String::from_utf8_lossy(&received.payload).into_owned();
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap();
            let attempt = attempts.entry(text.clone()).or_default();
            *attempt += 1;
            *attempt
        };
        if text.starts_with("poison") {
            return Err(HandlerError::discard("it can never be handled"));
        }
        if text.starts_with("flaky") && attempt < 3 {
            return Err(HandlerError::retry("not yet"));
        }
        assert!(!text.starts_with("panic") || attempt > 1, "a bug");
        if text.starts_with("slow") {
            self.gate.acquire().await.unwrap().forget();
        }
        self.handled.lock().unwrap().push(text);
        Ok(())
    }
}

struct Running {
    task: JoinHandle<Result<(), subscription::Error>>,
    shutdown: CancellationToken,
}

async fn run(nats: &Nats, recorder: &Recorder, concurrency: usize) -> Running {
    let connection = nats.connect(NatsUser::Handlers).await;
    let shutdown = CancellationToken::new();
    let subscription = Subscription::new(&connection, "RAW_SLACK", "slack_handler").concurrency(concurrency);
    let task = tokio::spawn(subscription.run(recorder.clone(), shutdown.clone()));
    Running { task, shutdown }
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn publish(publisher: &FactPublisher, tenant: &str, key: &str, payload: &str) {
    let envelope = Envelope {
        id: format!("{tenant}-{key}-{payload}"),
        source: "/test".into(),
        kind: "test".into(),
        ..Envelope::default()
    };
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    publisher
        .publish(&RawSubject::slack(tenant, key), &envelope, payload)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_keeps_its_order_through_retries_and_panics() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    for payload in ["flaky-1", "2", "panic-3", "4"] {
        publish(&publisher, "T", "k", payload).await;
    }
    let recorder = Recorder::new();
    let running = run(&nats, &recorder, 8).await;
    until("all four", async || (recorder.handled().len() == 4).then_some(())).await;
    assert_eq!(recorder.handled(), ["flaky-1", "2", "panic-3", "4"]);
    running.stop().await;
}

#[tokio::test]
async fn a_poison_message_goes_to_the_dead_letters_and_holds_nobody_up() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    publish(&publisher, "T", "k", "poison").await;
    publish(&publisher, "T", "k", "after").await;
    let recorder = Recorder::new();
    let running = run(&nats, &recorder, 8).await;
    until("the one behind it", async || {
        recorder.handled().contains(&"after".to_owned()).then_some(())
    })
    .await;
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    let dead = until("the dead letter", async || {
        log.read("DEAD_LETTERS", ">", 0).await.unwrap().pop()
    })
    .await;
    assert_eq!(dead.subject, "dead.RAW_SLACK.slack_handler.raw.slack.T.k");
    assert_eq!(dead.payload, "poison");
    assert_eq!(dead.envelope.id, "T-k-poison", "its own attributes are kept");
    let operator = nats.connect(NatsUser::Operator).await;
    let raw: Value = operator
        .request(
            "$JS.API.STREAM.MSG.GET.DEAD_LETTERS",
            &json!({ "seq": 1 }),
            Duration::from_secs(2),
        )
        .await
        .unwrap();
    let headers = base64_decode(raw["message"]["hdrs"].as_str().unwrap());
    assert!(
        headers.contains("Infragpt-Dead-Reason: it can never be handled"),
        "{headers}"
    );
    assert!(headers.contains("Infragpt-Dead-Sequence: 1"), "{headers}");
    running.stop().await;
}

/// Refuses everything.
struct Refuse;
impl Handler for Refuse {
    fn route(&self, _: &Received) -> Route {
        Route {
            key: "k".into(),
            tenant: "t".into(),
        }
    }

    async fn handle(&self, _: Received) -> Result<(), HandlerError> {
        Err(HandlerError::discard("never"))
    }
}

/// Events keep what they were expected after in their headers, which would have the dead letter refused.
#[tokio::test]
async fn an_event_of_any_version_can_become_a_dead_letter() {
    let nats = Nats::start().await;
    let place = Place {
        connector: ConnectorKind::parse("chat").unwrap(),
        account: "T".into(),
        channel: "C".into(),
        thread: "1".into(),
    };
    let organization = OrganizationId::parse("acme").unwrap();
    let subject = AggregateSubject::new::<Conversation>(&organization, conversation::id(&place));
    let store = EventStore::new(&nats.connect(NatsUser::Handlers).await);
    for id in ["1", "2"] {
        let cause = Cause {
            id: id.into(),
            correlation: id.into(),
            actor: "test:1".into(),
            time: DateTime::UNIX_EPOCH,
            traceparent: None,
            origin: infragpt_nats::Origin::default(),
        };
        let message = Message {
            id: id.into(),
            author: Author {
                id: "U".into(),
                name: None,
            },
            text: "?".into(),
            sent_at: DateTime::UNIX_EPOCH,
        };
        let command = ConversationCommand::ReceiveMessage {
            place: place.clone(),
            message,
            addressed: Addressed::Mention,
            is_private: false,
        };
        store.execute::<Conversation>(&subject, &cause, command).await.unwrap();
    }

    let shutdown = CancellationToken::new();
    let connection = nats.connect(NatsUser::Conversations).await;
    let task = tokio::spawn(Subscription::new(&connection, "EVENTS", "conversations").run(Refuse, shutdown.clone()));
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    let dead = until("both dead letters", async || {
        let dead = log.read("DEAD_LETTERS", ">", 0).await.unwrap();
        (dead.len() == 2).then_some(dead)
    })
    .await;
    assert!(dead.iter().all(|letter| {
        letter
            .subject
            .starts_with("dead.EVENTS.conversations.events.conversation.acme.")
    }));
    shutdown.cancel();
    task.await.unwrap().unwrap();
}

/// Whoever may publish can make the server put its acknowledgement on a subject of their choice.
#[tokio::test]
async fn what_is_no_event_does_not_make_an_aggregate_unreadable() {
    let nats = Nats::start().await;
    let organization = OrganizationId::parse("acme").unwrap();
    let subject = AggregateSubject::new::<Change>(&organization, uuid::Uuid::nil());
    let slack = nats.connect(NatsUser::Slack).await;
    let inbox = subject.event("recorded");
    slack
        .publish_with_reply("raw.slack.T.k", &inbox, Bytes::from_static(b"{}"))
        .await
        .unwrap();
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    until("the forged message", async || {
        (log.stream("EVENTS").await.unwrap().messages == 1).then_some(())
    })
    .await;
    let store = EventStore::new(&nats.connect(NatsUser::Handlers).await);
    let loaded = store.load::<Change>(&subject).await.unwrap();
    assert_eq!((loaded.state, loaded.version.0), (Change::Unknown, 1));
}

#[tokio::test]
async fn a_slow_tenant_does_not_hold_up_the_others() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    for key in 0..40 {
        publish(&publisher, "slow-tenant", &format!("k{key}"), &format!("slow-{key}")).await;
    }
    publish(&publisher, "quick-tenant", "k", "quick").await;
    let recorder = Recorder::new();
    let running = run(&nats, &recorder, 8).await;
    until("the quick one", async || (!recorder.handled().is_empty()).then_some(())).await;
    assert_eq!(recorder.handled(), ["quick"], "only the slow tenant waits");
    recorder.gate.add_permits(40);
    until("the slow ones", async || (recorder.handled().len() == 41).then_some(())).await;
    running.stop().await;
}

/// Longer than the consumer's ack_wait: without progress acknowledgements it would be delivered a second time.
#[tokio::test]
async fn long_work_is_not_delivered_again_meanwhile() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    publish(&publisher, "T", "k", "slow").await;
    publish(&publisher, "T", "k", "behind").await;
    let recorder = Recorder::new();
    let running = run(&nats, &recorder, 8).await;
    let operator = nats.connect(NatsUser::Operator).await;
    let redelivered = async || -> u64 {
        let info: Value = operator
            .request(
                "$JS.API.CONSUMER.INFO.RAW_SLACK.slack_handler",
                &json!({}),
                Duration::from_secs(2),
            )
            .await
            .unwrap();
        info["num_redelivered"].as_u64().unwrap_or(0)
    };
    let started = tokio::time::Instant::now();
    until("more than the ack_wait of 4 s", async || {
        assert_eq!(redelivered().await, 0, "it was delivered again");
        (started.elapsed() > Duration::from_secs(6)).then_some(())
    })
    .await;
    recorder.gate.add_permits(1);
    until("both", async || {
        (recorder.handled() == ["slow", "behind"]).then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn what_waits_at_the_end_is_handed_to_the_next() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    let first = Recorder::new();
    let running = run(&nats, &first, 1).await;
    publish(&publisher, "T", "a", "slow").await;
    for key in ["b", "c", "d"] {
        publish(&publisher, "T", key, key).await;
    }
    until("the first to begin", async || {
        (!first.attempts.lock().unwrap().is_empty()).then_some(())
    })
    .await;
    running.shutdown.cancel();
    first.gate.add_permits(1);
    running.task.await.unwrap().unwrap();
    assert_eq!(
        first.handled(),
        ["slow"],
        "what ran may end, what waited does not begin"
    );
    let second = Recorder::new();
    let running = run(&nats, &second, 8).await;
    until("the rest", async || (second.handled().len() == 3).then_some(())).await;
    running.stop().await;
}

#[tokio::test]
async fn a_missing_consumer_is_an_error_and_a_deleted_one_comes_back() {
    let nats = Nats::start().await;
    let admin = nats.connect(NatsUser::Admin).await;
    let timeout = Duration::from_secs(2);
    let delete = "$JS.API.CONSUMER.DELETE.RAW_SLACK.slack_handler";
    let recorder = Recorder::new();
    let running = run(&nats, &recorder, 8).await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    publish(&publisher, "T", "k", "before").await;
    until("it to run", async || (recorder.handled().len() == 1).then_some(())).await;

    let _: Value = admin.request(delete, &json!({}), timeout).await.unwrap();
    publish(&publisher, "T", "k", "after").await;
    infragpt_nats::Definitions::embedded(1)
        .unwrap()
        .apply(&admin)
        .await
        .unwrap();
    until("the new consumer to be used", async || {
        recorder.handled().contains(&"after".to_owned()).then_some(())
    })
    .await;
    running.stop().await;

    let _: Value = admin.request(delete, &json!({}), timeout).await.unwrap();
    let error = run(&nats, &recorder, 8).await.task.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("run `infragpt nats apply`"), "{error}");
}

#[tokio::test]
async fn a_restarted_server_loses_nothing_that_was_acknowledged() {
    let mut nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Slack).await);
    let recorder = Recorder::new();
    let running = run(&nats, &recorder, 8).await;
    let mut acknowledged = BTreeSet::new();
    for number in 0..200 {
        if number == 100 {
            nats.server.kill().await.unwrap();
            nats.server.restart().await.unwrap();
        }
        let payload = format!("m{number:03}");
        let envelope = Envelope {
            id: payload.clone(),
            source: "/test".into(),
            kind: "test".into(),
            ..Envelope::default()
        };
        let subject = RawSubject::slack("T", "k");
        until("it to be stored", async || {
            publisher
                .publish(&subject, &envelope, Bytes::from(payload.clone()))
                .await
                .ok()
        })
        .await;
        acknowledged.insert(payload);
    }
    let all: Vec<String> = acknowledged.into_iter().collect();
    until("all of them", async || {
        let mut handled = recorder.handled();
        handled.sort();
        handled.dedup();
        (handled == all).then_some(())
    })
    .await;
    running.stop().await;
}

fn base64_decode(text: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
}
