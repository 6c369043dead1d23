//! Raw facts that many senders deliver at the same time.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::future::join_all;
use infragpt::configuration::NatsUser;
use infragpt_nats::{Envelope, FactPublisher, Log, Published, RawSubject};

use crate::harness::Nats;

const STREAM: &str = "RAW_GITHUB";

async fn publish(publisher: &FactPublisher, id: &str) -> Published {
    let envelope = Envelope {
        id: id.to_owned(),
        source: "/github/7".to_owned(),
        kind: "com.github.push".to_owned(),
        ..Envelope::default()
    };
    let subject = RawSubject::github(Some(7), "push", None);
    publisher
        .publish(&subject, &envelope, Bytes::from(format!("{{\"id\":\"{id}\"}}")))
        .await
        .unwrap()
}

async fn publish_all(publisher: &FactPublisher, ids: &[String]) -> Vec<Published> {
    join_all(ids.iter().map(|id| publish(publisher, id))).await
}

/// Whether each fact is stored once, where its sender was told.
async fn stored_once(log: &Log, ids: &[String], results: &[Published]) {
    let stored = log.read(STREAM, ">", 0).await.unwrap();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(stored.len(), distinct.len());
    for (id, results) in ids.iter().zip(results) {
        let fact = stored.iter().find(|fact| fact.envelope.id == *id).unwrap();
        assert_eq!(
            (results.stream.as_str(), results.sequence),
            (STREAM, fact.sequence),
            "{id}"
        );
        assert_eq!(fact.payload, format!("{{\"id\":\"{id}\"}}"));
        assert!(!fact.envelope.extensions.keys().any(|name| name.contains("batch")));
    }
}

#[tokio::test]
async fn many_at_once_are_each_stored_where_their_sender_is_told() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Github).await);
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    let ids: Vec<String> = (0..300).map(|number| format!("delivery-{number}")).collect();
    let results = publish_all(&publisher, &ids).await;
    assert!(results.iter().all(|results| !results.duplicate));
    stored_once(&log, &ids, &results).await;
}

#[tokio::test]
async fn a_redelivery_among_many_is_told_from_what_is_new() {
    let nats = Nats::start().await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Github).await);
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    publish(&publisher, "delivery-150").await;
    let mut ids: Vec<String> = (0..300).map(|number| format!("delivery-{number}")).collect();
    // Twice in the same moment, too, so that also one batch may hold both.
    ids.insert(61, "delivery-60".to_owned());
    let results = publish_all(&publisher, &ids).await;
    assert_eq!(results.iter().filter(|results| results.duplicate).count(), 2);
    stored_once(&log, &ids, &results).await;
}

#[tokio::test]
async fn a_stream_without_batches_stores_the_same() {
    let nats = Nats::start().await;
    let admin = nats.connect(NatsUser::Admin).await;
    let publisher = FactPublisher::new(&nats.connect(NatsUser::Github).await);
    let log = Log::new(&nats.connect(NatsUser::Operator).await);
    let wait = std::time::Duration::from_secs(5);
    let info: serde_json::Value = admin
        .request("$JS.API.STREAM.INFO.RAW_GITHUB", &serde_json::json!({}), wait)
        .await
        .unwrap();
    let mut configuration = info["config"].clone();
    configuration["allow_atomic"] = false.into();
    let updated: serde_json::Value = admin
        .request("$JS.API.STREAM.UPDATE.RAW_GITHUB", &configuration, wait)
        .await
        .unwrap();
    assert_eq!(updated["error"], serde_json::Value::Null);
    let ids: Vec<String> = (0..300).map(|number| format!("delivery-{number}")).collect();
    let results = publish_all(&publisher, &ids).await;
    stored_once(&log, &ids, &results).await;
}
