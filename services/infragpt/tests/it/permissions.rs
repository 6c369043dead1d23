//! Least privilege, asked of the running server.

use std::time::Duration;

use bytes::Bytes;
use infragpt::configuration::NatsUser;
use infragpt_nats::{Envelope, FactPublisher, Log, RawSubject, request};
use serde_json::{Value, json};

use crate::harness::Nats;

/// The roles that serve; people's users come apart.
const ROLES: [NatsUser; 9] = [
    NatsUser::Slack,
    NatsUser::Github,
    NatsUser::Handlers,
    NatsUser::Conversations,
    NatsUser::Agent,
    NatsUser::Integrations,
    NatsUser::Projections,
    NatsUser::Queries,
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
            ("$JS.API.STREAM.MSG.DELETE.EVENTS", &json!({ "seq": 1 })),
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
            "EVENTS",
            "CREDENTIALS",
            "KV_CREDENTIAL_KEYS",
            "DEAD_LETTERS",
        ] {
            let expected = match stream {
                "EVENTS" => matches!(
                    user,
                    NatsUser::Handlers | NatsUser::Conversations | NatsUser::Integrations
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
    // Who may erase a data key may erase nothing else.
    for stream in ["KV_CREDENTIAL_KEYS", "CREDENTIALS", "EVENTS", "KV_CONNECTOR_ACCOUNTS"] {
        for user in ROLES {
            let subject = format!("$JS.API.STREAM.MSG.DELETE.{stream}");
            let expected = user == NatsUser::Integrations && stream == "KV_CREDENTIAL_KEYS";
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
    ] {
        let subject = format!("$JS.API.CONSUMER.CREATE.{stream}.{consumer}");
        let request = json!({ "stream_name": stream, "config": {} });
        assert!(
            !may(&nats, NatsUser::Operator, &subject, request).await,
            "an operator may change {subject}"
        );
    }
}

#[tokio::test]
async fn inbound_roles_store_their_own_facts_only() {
    let nats = Nats::start().await;
    let (slack, github) = (
        RawSubject::slack("T", "message"),
        RawSubject::github(None, "ping", None),
    );
    for (user, subject, expected) in [
        (NatsUser::Slack, &slack, true),
        (NatsUser::Slack, &github, false),
        (NatsUser::Github, &github, true),
        (NatsUser::Github, &slack, false),
        (NatsUser::Agent, &slack, false),
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
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    for stream in ["EVENTS", "RAW_SLACK", "DEAD_LETTERS", "KV_CONNECTOR_ACCOUNTS"] {
        assert_eq!(log.stream(stream).await.unwrap().messages, 0, "{stream}");
    }
}
