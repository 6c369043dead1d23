//! Least privilege, asked of the running server.

use std::time::Duration;

use bytes::Bytes;
use infragpt::configuration::NatsUser;
use infragpt_events::{
    ConnectorKind, OrganizationId,
    integration::{self, Integration},
};
use infragpt_nats::{
    Accounts, AggregateSubject, Claim, ClaimOutcome, CredentialKeyId, CredentialKeys, Envelope, EventStore,
    FactPublisher, Log, RawSubject, Service, request,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::{Nats, until};

/// The roles that serve; people's users come apart.
const ROLES: [NatsUser; 12] = [
    NatsUser::Slack,
    NatsUser::Github,
    NatsUser::Clerk,
    NatsUser::Handlers,
    NatsUser::Conversations,
    NatsUser::Agent,
    NatsUser::Integrations,
    NatsUser::Projections,
    NatsUser::Queries,
    NatsUser::Identity,
    NatsUser::Erasure,
    NatsUser::Api,
];

/// Whether `user` may ask this of JetStream: the server answers at all.
async fn may(nats: &Nats, user: NatsUser, subject: &str, request: Value) -> bool {
    let connection = nats.connect(user).await;
    match connection
        .request::<_, Value>(subject, &request, Duration::from_millis(300))
        .await
    {
        Ok(_) => true,
        Err(request::Error::TimedOut(_)) => false,
        Err(other) => panic!("{user:?} {subject}: {other}"),
    }
}

#[tokio::test]
async fn no_role_makes_a_consumer_or_touches_a_stream() {
    let nats = Nats::start().await;
    let consumer = json!({ "stream_name": "EVENTS", "config": { "name": "x", "ack_policy": "none" } });
    for user in ROLES {
        for (subject, request) in [
            ("$JS.API.CONSUMER.CREATE.EVENTS.x", &consumer),
            ("$JS.API.CONSUMER.DELETE.EVENTS.conversations", &json!({})),
            ("$JS.API.STREAM.PURGE.EVENTS", &json!({})),
            ("$JS.API.STREAM.DELETE.EVENTS", &json!({})),
            ("$JS.API.STREAM.UPDATE.EVENTS", &json!({})),
        ] {
            assert!(
                !may(&nats, user, subject, request.clone()).await,
                "{user:?} may {subject}"
            );
        }
    }
    assert!(
        may(&nats, NatsUser::Admin, "$JS.API.CONSUMER.CREATE.EVENTS.x", consumer).await,
        "the test proves nothing"
    );
}

#[tokio::test]
async fn only_those_who_need_a_stream_read_it() {
    let nats = Nats::start().await;
    for user in ROLES {
        for stream in [
            "RAW_SLACK",
            "RAW_GITHUB",
            "RAW_CLERK",
            "EVENTS",
            "CREDENTIALS",
            "KV_CREDENTIAL_KEYS",
            "KV_IDEMPOTENCY_KEYS",
            "DEAD_LETTERS",
        ] {
            let expected = match stream {
                "EVENTS" => matches!(
                    user,
                    NatsUser::Handlers
                        | NatsUser::Conversations
                        | NatsUser::Integrations
                        | NatsUser::Identity
                        | NatsUser::Erasure
                ),
                "CREDENTIALS" => user == NatsUser::Integrations,
                _ => false,
            };
            let subject = format!("$JS.API.STREAM.MSG.GET.{stream}");
            let got = may(&nats, user, &subject, json!({ "seq": 1 })).await;
            assert_eq!(got, expected, "{user:?} reads {stream}");
        }
    }
    assert!(
        may(
            &nats,
            NatsUser::Operator,
            "$JS.API.STREAM.MSG.GET.EVENTS",
            json!({ "seq": 1 })
        )
        .await
    );
    for stream in ["CREDENTIALS", "KV_CREDENTIAL_KEYS"] {
        let consumer = json!({ "stream_name": stream, "config": { "name": "x", "ack_policy": "none" } });
        for (subject, request) in [
            (format!("$JS.API.STREAM.MSG.GET.{stream}"), json!({ "seq": 1 })),
            (format!("$JS.API.DIRECT.GET.{stream}"), json!({ "seq": 1 })),
            (format!("$JS.API.CONSUMER.CREATE.{stream}.x"), consumer),
        ] {
            assert!(
                !may(&nats, NatsUser::Operator, &subject, request).await,
                "an operator may {subject}"
            );
        }
    }
    // Who may erase a data key may erase nothing else, and who erases what was deleted touches no credential.
    let erasable = ["RAW_SLACK", "RAW_GITHUB", "RAW_CLERK", "DEAD_LETTERS", "EVENTS"];
    let others = [
        "KV_CREDENTIAL_KEYS",
        "CREDENTIALS",
        "KV_CONNECTOR_ACCOUNTS",
        "KV_IDEMPOTENCY_KEYS",
    ];
    for stream in erasable.into_iter().chain(others) {
        for user in ROLES {
            let subject = format!("$JS.API.STREAM.MSG.DELETE.{stream}");
            let expected = match user {
                NatsUser::Integrations => stream == "KV_CREDENTIAL_KEYS",
                NatsUser::Erasure => erasable.contains(&stream),
                _ => false,
            };
            assert_eq!(
                may(&nats, user, &subject, json!({ "seq": 9 })).await,
                expected,
                "{user:?} {subject}"
            );
        }
    }
    let filter = "events.conversation.*.*.answer_requested";
    for (stream, consumer) in [
        ("EVENTS", format!("conversations.{filter}")),
        ("EVENTS", "projections".to_owned()),
        ("RAW_SLACK", "slack_handler".to_owned()),
        ("RAW_GITHUB", "github_handler".to_owned()),
        ("RAW_CLERK", "clerk_handler".to_owned()),
        ("EVENTS", "erasures".to_owned()),
    ] {
        let subject = format!("$JS.API.CONSUMER.CREATE.{stream}.{consumer}");
        let request = json!({ "stream_name": stream, "config": {} });
        assert!(
            !may(&nats, NatsUser::Operator, &subject, request).await,
            "an operator may change {subject}"
        );
    }
}

/// Whether `user` may publish on `subject`, where nobody listens.
async fn reaches(nats: &Nats, user: NatsUser, subject: &str) -> bool {
    let connection = nats.connect(user).await;
    let asked: Result<Value, _> = connection
        .request(subject, &json!({}), Duration::from_millis(300))
        .await;
    match asked {
        Err(request::Error::NoResponders(_)) => true,
        Err(request::Error::TimedOut(_)) => false,
        other => panic!("{user:?} {subject}: {other:?}"),
    }
}

#[tokio::test]
async fn only_operators_have_something_done_again_and_they_remove_only_dead_letters() {
    let nats = Nats::start().await;
    for subject in [
        "audit.v1.operated",
        "redeliver.v1.RAW_SLACK.slack_handler",
        "redeliver.v1.EVENTS.conversations",
    ] {
        assert!(reaches(&nats, NatsUser::Operator, subject).await, "{subject}");
        for user in ROLES {
            assert!(!reaches(&nats, user, subject).await, "{user:?} {subject}");
        }
    }
    for stream in [
        "DEAD_LETTERS",
        "EVENTS",
        "RAW_SLACK",
        "RAW_GITHUB",
        "RAW_CLERK",
        "CREDENTIALS",
    ] {
        let subject = format!("$JS.API.STREAM.MSG.DELETE.{stream}");
        assert_eq!(
            may(&nats, NatsUser::Operator, &subject, json!({ "seq": 9 })).await,
            stream == "DEAD_LETTERS",
            "{subject}"
        );
    }
    for subject in [
        "$JS.API.STREAM.PURGE.DEAD_LETTERS",
        "$JS.API.STREAM.DELETE.DEAD_LETTERS",
    ] {
        assert!(!may(&nats, NatsUser::Operator, subject, json!({})).await, "{subject}");
    }
    // What is dead is buried by the role that could not handle it.
    for subject in [
        "dead.RAW_SLACK.slack_handler.x",
        "events.audit.acme.x.recorded",
        "raw.slack.T.message",
    ] {
        assert!(!may(&nats, NatsUser::Operator, subject, json!({})).await, "{subject}");
    }
}

#[tokio::test]
async fn inbound_roles_store_their_own_facts_only() {
    let nats = Nats::start().await;
    let (slack, github, clerk) = (
        RawSubject::slack("T", "message"),
        RawSubject::github(None, "ping", None),
        RawSubject::clerk(None, "user.created"),
    );
    for (user, subject, expected) in [
        (NatsUser::Slack, &slack, true),
        (NatsUser::Slack, &github, false),
        (NatsUser::Github, &github, true),
        (NatsUser::Github, &slack, false),
        (NatsUser::Clerk, &clerk, true),
        (NatsUser::Clerk, &slack, false),
        (NatsUser::Slack, &clerk, false),
        (NatsUser::Agent, &slack, false),
        (NatsUser::Api, &clerk, false),
        (NatsUser::Erasure, &slack, false),
        (NatsUser::Queries, &github, false),
    ] {
        let publisher = FactPublisher::new(&nats.connect(user).await);
        let envelope = Envelope {
            id: format!("{user:?}"),
            source: "/x".into(),
            kind: "t".into(),
            ..Envelope::default()
        };
        let stored = publisher.publish(subject, &envelope, Bytes::from_static(b"{}")).await;
        assert_eq!(stored.is_ok(), expected, "{user:?} {subject}: {stored:?}");
    }
}

/// A caller may name any subject for the reply. The agent must not become the hand that writes there.
#[tokio::test]
async fn a_reply_can_not_be_led_into_a_stream() {
    let nats = Nats::start().await;
    let agent = nats.connect(NatsUser::Agent).await;
    for subject in [
        "events.change.acme.x.recorded",
        "raw.slack.T.message",
        "dead.x",
        "$KV.CONNECTOR_ACCOUNTS.slack.T",
    ] {
        let answer: Result<Value, _> = agent.request(subject, &json!({}), Duration::from_millis(200)).await;
        assert!(
            matches!(answer, Err(request::Error::TimedOut(_))),
            "{subject}: {answer:?}"
        );
    }
    // A service that may write in places answers to inboxes only.
    let integrations = nats.connect(NatsUser::Integrations).await;
    let stop = CancellationToken::new();
    let service = Service::new(&integrations, "integration", "0.1.0", "Says what it was asked")
        .endpoint("integration.v1.authorize", |call| async move { call.json::<Value>() })
        .run(stop.clone());
    let serving = tokio::spawn(service);
    let api = nats.connect(NatsUser::Api).await;
    until("the service", async || {
        let echoed: Result<Value, _> = api
            .request(
                "integration.v1.authorize",
                &json!({ "a": 1 }),
                Duration::from_millis(200),
            )
            .await;
        echoed.ok()
    })
    .await;
    let forged = Bytes::from(json!({ "organization": "evil", "integration": Uuid::nil() }).to_string());
    api.publish_with_reply("integration.v1.authorize", "$KV.CONNECTOR_ACCOUNTS.slack.T", forged)
        .await
        .unwrap();
    let echoed: Value = api
        .request("integration.v1.authorize", &json!({ "b": 2 }), Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(echoed["b"], 2, "it still answers, so it saw what came before");
    stop.cancel();
    serving.await.unwrap().unwrap();
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    for stream in ["EVENTS", "RAW_SLACK", "DEAD_LETTERS", "KV_CONNECTOR_ACCOUNTS"] {
        assert_eq!(log.stream(stream).await.unwrap().messages, 0, "{stream}");
    }
}

/// JetStream's own answers go wherever a requester wants them. Nobody takes one that was led into a stream for what is
/// usually there.
#[tokio::test]
async fn an_answer_of_jetstream_that_is_led_into_a_stream_is_nothing() {
    let nats = Nats::start().await;
    let conversations = nats.connect(NatsUser::Conversations).await;
    let integrations = nats.connect(NatsUser::Integrations).await;
    let organization: OrganizationId = "acme".parse().unwrap();
    let slack = ConnectorKind::parse("slack").unwrap();
    let claim = Claim::new(organization.clone(), integration::id(&organization, &slack));
    let accounts = Accounts::new(&integrations);
    accounts.claim(&slack, "T1", &claim).await.unwrap();

    // Something that a role may store, made to look like a claim.
    let forged = json!({ "organization": "evil", "integration": Uuid::nil() });
    let stored: Value = conversations
        .request(
            "events.conversation.acme.x.answer_posted",
            &forged,
            Duration::from_secs(5),
        )
        .await
        .unwrap();
    let victim = AggregateSubject::new::<Integration>(&organization, claim.integration);
    for reply in [
        "$KV.CONNECTOR_ACCOUNTS.slack.T1".to_owned(),
        victim.event("disconnected"),
    ] {
        let request = Bytes::from(json!({ "seq": stored["seq"] }).to_string());
        conversations
            .publish_with_reply("$JS.API.DIRECT.GET.EVENTS", &reply, request)
            .await
            .unwrap();
    }
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    until("the answers to be led there", async || {
        let accounts = log.stream("KV_CONNECTOR_ACCOUNTS").await.unwrap();
        let events = log.stream("EVENTS").await.unwrap();
        (accounts.last_sequence == 2 && events.last_sequence == 2).then_some(())
    })
    .await;
    // The claim is gone with its message, and nobody else has the account.
    assert_eq!(accounts.find_now(&slack, "T1").await.unwrap(), None);
    assert_eq!(
        accounts.claim(&slack, "T1", &claim).await.unwrap(),
        ClaimOutcome::Claimed
    );
    let store = EventStore::new(&integrations);
    let loaded = store.load::<Integration>(&victim).await.unwrap();
    assert_eq!(loaded.state, Integration::default(), "the forged event is nothing");

    // Acknowledgements can't push a wrapped data key out.
    let keys = CredentialKeys::new(&integrations);
    let id = CredentialKeyId {
        organization,
        integration: Uuid::nil(),
        generation: 1,
    };
    keys.write(&id, 0, Bytes::from_static(b"wrapped")).await.unwrap();
    let slack = nats.connect(NatsUser::Slack).await;
    let subject = format!("$KV.CREDENTIAL_KEYS.acme.{}.1", Uuid::nil());
    for _ in 0..200 {
        slack
            .publish_with_reply("raw.slack.T1.message", &subject, Bytes::from_static(b"{}"))
            .await
            .unwrap();
    }
    until("the facts", async || {
        let facts = log.stream("RAW_SLACK").await.unwrap();
        (facts.last_sequence == 200).then_some(())
    })
    .await;
    let every = keys.every(&id).await.unwrap();
    assert!(every.len() > 1, "nothing was led there, so this proves nothing");
    assert_eq!(every[0].value, "wrapped");
}
