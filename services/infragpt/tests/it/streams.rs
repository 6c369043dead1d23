//! Streams and consumers come from their files and nowhere else.

use std::time::Duration;

use infragpt::configuration::NatsUser;
use infragpt_nats::{Definitions, Log, definition::ChangeKind};
use serde_json::{Value, json};

use crate::harness::Nats;

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let nats = Nats::start_empty().await;
    let admin = nats.connect(NatsUser::Admin).await;
    let definitions = Definitions::embedded(1).unwrap();
    let first = definitions.apply(&admin).await.unwrap();
    assert!(
        first.iter().all(|change| change.kind == ChangeKind::Create),
        "{first:?}"
    );
    let second = definitions.apply(&admin).await.unwrap();
    assert!(
        second.iter().all(|change| change.kind == ChangeKind::Unchanged),
        "{second:?}"
    );
    let log = Log::new(&admin);
    for stream in definitions.streams() {
        assert!(
            !log.stream(stream).await.unwrap().description.is_empty(),
            "{stream} has no description"
        );
    }
}

#[tokio::test]
async fn what_somebody_changed_by_hand_is_shown_and_mended() {
    let nats = Nats::start().await;
    let admin = nats.connect(NatsUser::Admin).await;
    let timeout = Duration::from_secs(2);
    let info: Value = admin
        .request("$JS.API.STREAM.INFO.EVENTS", &json!({}), timeout)
        .await
        .unwrap();
    let mut configuration = info["config"].clone();
    configuration["max_age"] = json!(3_600_000_000_000_u64);
    let _: Value = admin
        .request("$JS.API.STREAM.UPDATE.EVENTS", &configuration, timeout)
        .await
        .unwrap();

    let definitions = Definitions::embedded(1).unwrap();
    let found = definitions.check(&admin).await.unwrap();
    let events = found.iter().find(|change| change.name == "stream EVENTS").unwrap();
    assert!(events.to_string().contains("max_age: 3600000000000 -> 0"), "{events}");
    definitions.apply(&admin).await.unwrap();
    assert!(
        definitions
            .check(&admin)
            .await
            .unwrap()
            .iter()
            .all(|change| change.kind == ChangeKind::Unchanged)
    );
}

/// The server refuses a field that it does not know, where the client library would leave it out in silence.
#[tokio::test]
async fn the_server_refuses_an_unknown_field() {
    let nats = Nats::start_empty().await;
    let admin = nats.connect(NatsUser::Admin).await;
    let request = json!({ "name": "S", "subjects": ["s"], "retention": "limits", "storage": "file", "num_replicas": 1, "max_aeg": 1 });
    let answer: Value = admin
        .request("$JS.API.STREAM.CREATE.S", &request, Duration::from_secs(2))
        .await
        .unwrap();
    assert_eq!(answer["error"]["err_code"], 10_025, "{answer}");
}
