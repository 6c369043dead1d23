use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

use super::World;
use crate::Configuration;

/// The app's end of a Socket Mode connection.
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(super) async fn open(world: &World) -> (Self, Value) {
        let opened = world.slack("apps.connections.open", json!({})).await;
        let (stream, _) = connect_async(opened["url"].as_str().unwrap()).await.unwrap();
        let mut socket = Self(stream);
        let hello = socket.frame().await.unwrap();
        (socket, hello)
    }

    /// The next text frame; `None` once the connection is closed.
    pub(super) async fn frame(&mut self) -> Option<Value> {
        let next = async {
            loop {
                match self.0.next().await? {
                    Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                    Ok(Message::Close(_)) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), next)
            .await
            .expect("no frame within 10 s")
    }

    pub(super) async fn ack(&mut self, envelope: &Value, payload: Value) {
        let mut ack = json!({ "envelope_id": envelope["envelope_id"] });
        if !payload.is_null() {
            ack["payload"] = payload;
        }
        self.0.send(Message::text(ack.to_string())).await.unwrap();
    }
}

fn impatient() -> Configuration {
    let mut configuration = Configuration::default();
    configuration.slack.acknowledgement_timeout = Duration::from_millis(150);
    configuration
}

#[tokio::test]
async fn a_mention_arrives_as_two_events_of_one_gesture() {
    let world = World::start().await;
    let (mut socket, hello) = Socket::open(&world).await;
    assert_eq!(hello["type"], "hello");
    assert_eq!(hello["num_connections"], 1);
    assert_eq!(hello["connection_info"]["app_id"], "A0INFRAGPT");
    let said = world.control("message", json!({ "text": "@infragpt status", "user": "U0TOM" }));
    let played = async {
        let mut events = Vec::new();
        for _ in 0..2 {
            let envelope = socket.frame().await.unwrap();
            socket.ack(&envelope, Value::Null).await;
            assert_eq!(
                (&envelope["type"], &envelope["retry_attempt"]),
                (&json!("events_api"), &json!(0))
            );
            events.push(envelope["payload"].clone());
        }
        events
    };
    let (answer, events) = tokio::join!(said, played);
    assert_eq!(answer["acked"], true);
    let types: Vec<_> = events.iter().map(|it| it["event"]["type"].as_str().unwrap()).collect();
    assert!(
        types.contains(&"app_mention") && types.contains(&"message"),
        "{types:?}"
    );
    assert_ne!(events[0]["event_id"], events[1]["event_id"]);
    for event in &events {
        assert_eq!(event["type"], "event_callback");
        assert_eq!(event["event"]["ts"], answer["ts"]);
        assert_eq!(event["event"]["channel"], "C0OPS");
        assert_eq!(event["event"]["text"], "<@U0INFRAGPT> status");
        assert_eq!(event["authorizations"][0]["user_id"], "U0INFRAGPT");
    }
}

#[tokio::test]
async fn an_unacknowledged_event_goes_to_a_live_connection_again() {
    let world = World::with(impatient()).await;
    let (mut first, _) = Socket::open(&world).await;
    let said = world.control("message", json!({ "text": "hi", "kind": "message", "event_id": "Ev1" }));
    let played = async {
        let envelope = first.frame().await.unwrap();
        let (mut second, hello) = Socket::open(&world).await;
        assert_eq!(hello["num_connections"], 2);
        drop(first);
        let again = second.frame().await.unwrap();
        assert_eq!(again["envelope_id"], envelope["envelope_id"]);
        assert_eq!(again["payload"]["event_id"], "Ev1");
        assert_eq!(
            (&again["retry_attempt"], &again["retry_reason"]),
            (&json!(1), &json!("timeout"))
        );
        second.ack(&again, Value::Null).await;
    };
    let (answer, ()) = tokio::join!(said, played);
    assert_eq!(answer["acked"], true);
}

#[tokio::test]
async fn after_three_redeliveries_slack_gives_up() {
    let world = World::with(impatient()).await;
    let (mut socket, _) = Socket::open(&world).await;
    let answer = world
        .control("message", json!({ "text": "hi", "mention": false }))
        .await;
    assert_eq!(answer["acked"], false);
    for attempt in 0..4 {
        assert_eq!(socket.frame().await.unwrap()["retry_attempt"], attempt);
    }
    let state = world.control("state", json!({})).await;
    assert_eq!(state["deliveries"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_message_waits_for_a_connection() {
    let world = World::start().await;
    let answer = world
        .control("message", json!({ "text": "hi", "mention": false, "timeout_ms": 20 }))
        .await;
    assert_eq!(answer["acked"], false);
    let (mut socket, _) = Socket::open(&world).await;
    let envelope = socket.frame().await.unwrap();
    assert_eq!(envelope["payload"]["event"]["ts"], answer["ts"]);
    socket.ack(&envelope, Value::Null).await;
}

#[tokio::test]
async fn a_command_returns_the_payload_of_its_acknowledgement() {
    let world = World::start().await;
    let (mut socket, _) = Socket::open(&world).await;
    let typed = world.control("command", json!({ "text": "/infragpt status now" }));
    let played = async {
        let envelope = socket.frame().await.unwrap();
        assert_eq!(envelope["type"], "slash_commands");
        assert_eq!(envelope["accepts_response_payload"], true);
        assert_eq!(envelope["payload"]["text"], "status now");
        socket.ack(&envelope, json!({ "text": "fine" })).await;
    };
    let (answer, ()) = tokio::join!(typed, played);
    assert_eq!(
        (&answer["acked"], &answer["payload"]),
        (&json!(true), &json!({ "text": "fine" }))
    );
}

#[tokio::test]
async fn a_warned_connection_stays_until_another_took_over() {
    let world = World::start().await;
    let (mut old, _) = Socket::open(&world).await;
    let ended = world
        .control("disconnect", json!({ "reason": "warning", "grace_ms": 300 }))
        .await;
    assert_eq!(ended["disconnected"], 1);
    let announced = old.frame().await.unwrap();
    assert_eq!(
        (&announced["type"], &announced["reason"]),
        (&json!("disconnect"), &json!("warning"))
    );
    let (mut new, _) = Socket::open(&world).await;
    let said = world.control("message", json!({ "text": "hi", "mention": false }));
    let played = async {
        let envelope = new.frame().await.unwrap();
        new.ack(&envelope, Value::Null).await;
    };
    assert_eq!(tokio::join!(said, played).0["acked"], true);
    assert_eq!(old.frame().await, None);
    drop(old);
    assert_eq!(world.control("state", json!({})).await["connections"], 1);
}

#[tokio::test]
async fn the_bots_own_message_comes_back_as_an_event() {
    let world = World::start().await;
    let (mut socket, _) = Socket::open(&world).await;
    let posted = world
        .slack("chat.postMessage", json!({ "channel": "C0OPS", "text": "done" }))
        .await;
    let envelope = socket.frame().await.unwrap();
    socket.ack(&envelope, Value::Null).await;
    let event = &envelope["payload"]["event"];
    assert_eq!((&event["ts"], &event["bot_id"]), (&posted["ts"], &json!("B0INFRAGPT")));
}

#[tokio::test]
async fn a_ticket_opens_one_connection_and_stopping_closes_it() {
    let world = World::start().await;
    let opened = world.slack("apps.connections.open", json!({})).await;
    let url = opened["url"].as_str().unwrap();
    let (stream, _) = connect_async(url).await.unwrap();
    assert!(matches!(connect_async(url).await, Err(Error::Http(response)) if response.status() == 401));
    let mut socket = Socket(stream);
    assert_eq!(socket.frame().await.unwrap()["type"], "hello");
    let ((), end) = tokio::join!(world.sandbox.stop(), socket.frame());
    assert_eq!(end, None);
}

#[tokio::test]
async fn any_frame_can_be_sent() {
    let world = World::start().await;
    assert_eq!(world.control("raw_socket", json!({ "frame": {} })).await["sent"], false);
    let (mut socket, _) = Socket::open(&world).await;
    world.control("raw_socket", json!({ "frame": { "type": "odd" } })).await;
    assert_eq!(socket.frame().await, Some(json!({ "type": "odd" })));
}
