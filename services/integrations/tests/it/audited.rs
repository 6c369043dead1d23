//! Who asked from where stands beside everything that follows from it.

use infragpt_nats::{Log, Received};
use serde_json::{Value, json};

use crate::harness::Running;

const ADDRESS: &str = "192.0.2.7";

async fn events(log: &Log, filter: &str) -> Vec<Received> {
    log.read("EVENTS", filter, 0).await.unwrap()
}

#[tokio::test]
async fn where_a_request_came_from_stands_in_everything_that_follows() {
    let running = Running::start().await;
    let origin = json!({ "origin": { "address": ADDRESS, "request": "req-1" } });
    let started = running.ask("initiate", origin.clone()).await.unwrap();
    let state = crate::harness::state_of(&started);
    running.come_back(&state, "good", origin.clone()).await.unwrap();
    *running.forge.condition.lock().unwrap() = Some(infragpt_connectors::Condition::Broken("cold".into()));
    for command in ["validate", "synchronize", "disconnect"] {
        running.ask(command, origin.clone()).await.unwrap();
    }
    let stopped = running.stop().await;
    let mut names = Vec::new();
    for event in events(&stopped.log, "events.*.acme.>").await {
        let name = match event.token(1).unwrap() {
            "audit" => {
                let record: Value = serde_json::from_slice(&event.payload).unwrap();
                record["action"].as_str().unwrap().to_owned()
            }
            _ => event.token(4).unwrap().to_owned(),
        };
        let envelope = &event.envelope;
        if envelope.actor.as_deref() == Some(crate::harness::SAYS) {
            continue;
        }
        let origin = (envelope.client_address.as_deref(), envelope.request.as_deref());
        assert_eq!(origin, (Some(ADDRESS), Some("req-1")), "{name}");
        assert_eq!(envelope.actor.as_deref(), Some("user:maya"), "{name}");
        names.push(name);
    }
    names.sort();
    names.dedup();
    assert_eq!(
        names,
        [
            "authorization_returned",
            "authorization_started",
            "authorized",
            "credential_read",
            "credential_revoked",
            "credential_shredded",
            "credential_stored",
            "degraded",
            "disconnected",
            "resource_granted",
            "synchronized",
        ]
    );
}

#[tokio::test]
async fn a_refused_attempt_is_recorded_with_the_address_and_counted_together() {
    let running = Running::start().await;
    let state = running.initiate().await;
    running.come_back(&state, "good", json!({})).await.unwrap();
    for request in ["req-1", "req-2"] {
        let more = json!({ "origin": { "address": ADDRESS, "request": request } });
        assert_eq!(
            running.come_back(&state, "good", more.clone()).await.unwrap_err().0,
            410
        );
        assert_eq!(running.come_back("made.up", "good", more).await.unwrap_err().0, 400);
    }
    let stopped = running.stop().await;
    for organization in ["acme", "-"] {
        let records = events(&stopped.log, &format!("events.audit.{organization}.>")).await;
        let refused: Vec<(Option<&str>, Value)> = records
            .iter()
            .map(|record| {
                let recorded: Value = serde_json::from_slice(&record.payload).unwrap();
                (record.envelope.client_address.as_deref(), recorded)
            })
            .filter(|(_, recorded)| recorded["action"] == "authorization_refused")
            .collect();
        let total: u64 = refused
            .iter()
            .map(|(_, recorded)| recorded["count"].as_u64().unwrap())
            .sum();
        assert_eq!(total, 2, "{organization}: {refused:?}");
        assert!(
            refused.iter().all(|(address, _)| *address == Some(ADDRESS)),
            "{refused:?}"
        );
    }
}
