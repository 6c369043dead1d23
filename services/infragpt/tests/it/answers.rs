//! Who is answered, how often, and by which agent.

use infragpt::configuration::NatsUser;
use infragpt_nats::{Service, agent};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::App;

#[tokio::test]
async fn one_gesture_has_one_answer_by_whatever_route_it_is_told() {
    let mut app = App::start().await;
    let url = app.slack_url();
    let text = "what changed today?";
    let said = app
        .say(json!({ "text": text, "via": "socket", "event_id": "EvOne" }))
        .await
        .unwrap();
    for again in [
        json!({ "text": text, "via": "socket", "ts": said.ts, "event_id": "EvOne", "retry_attempt": 1, "retry_reason": "timeout" }),
        json!({ "text": text, "via": "http", "url": url, "ts": said.ts, "event_id": "EvOne", "retry_num": 1, "retry_reason": "http_timeout" }),
        json!({ "text": text, "via": "socket", "ts": said.ts, "kind": "app_mention", "event_id": "EvTwo" }),
        json!({ "text": text, "via": "socket", "ts": said.ts, "kind": "message", "event_id": "EvThree" }),
    ] {
        app.say(again).await.unwrap();
    }
    app.answer(&said).await.unwrap();
    app.settled().await.unwrap();
    assert_eq!(app.control.posted(&said.channel, &said.ts).await.unwrap().len(), 1);
    let names: Vec<String> = app
        .take("EVENTS", 2)
        .await
        .unwrap()
        .iter()
        .filter_map(|event| event.token(4).map(str::to_owned))
        .collect();
    assert_eq!(names, ["answer_requested", "answer_posted"]);
    app.finish().await;
}

#[tokio::test]
async fn a_thread_goes_on_without_a_mention_and_a_direct_message_needs_none() {
    let app = App::start().await;
    let said = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    app.answer(&said).await.unwrap();
    let follow_up = json!({ "text": "help", "via": "socket", "mention": false, "thread_ts": said.ts });
    app.say(follow_up).await.unwrap();
    let replies = app
        .control
        .replies(&said.channel, &said.ts, 2, std::time::Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(replies.len(), 2);

    let other = app
        .say(json!({ "text": "lunch?", "via": "socket", "mention": false }))
        .await
        .unwrap();
    let reply = json!({ "text": "yes", "via": "socket", "mention": false, "thread_ts": other.ts });
    app.say(reply).await.unwrap();
    app.settled().await.unwrap();
    assert!(
        app.control.posted(&other.channel, &other.ts).await.unwrap().is_empty(),
        "a thread of others was answered"
    );

    let direct = app
        .say(json!({ "text": "help", "via": "socket", "channel": "D0MAYA" }))
        .await
        .unwrap();
    app.answer(&direct).await.unwrap();
    app.finish().await;
}

#[tokio::test]
async fn messages_of_one_thread_are_answered_in_their_order() {
    let app = App::start().await;
    let root = app.say(json!({ "text": "status", "via": "socket" })).await.unwrap();
    let mut asked = vec![root.ts.clone()];
    for _ in 0..5 {
        let next = json!({ "text": "help", "via": "socket", "thread_ts": root.ts });
        asked.push(app.say(next).await.unwrap().ts);
    }
    let count = asked.len();
    app.control
        .replies(&root.channel, &root.ts, count, std::time::Duration::from_secs(20))
        .await
        .unwrap();
    app.settled().await.unwrap();
    let events = app
        .log
        .read("EVENTS", "events.conversation.*.*.answer_posted", 0)
        .await
        .unwrap();
    let answered: Vec<String> = events
        .iter()
        .map(|event| {
            serde_json::from_slice::<serde_json::Value>(&event.payload).unwrap()["message_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(answered, asked);
    app.finish().await;
}

/// `nats reply agent.v1.ask 'pong'` is a working agent: one reply without a frame header is the whole answer.
#[tokio::test]
async fn a_single_plain_reply_is_an_answer() {
    let mut app = App::start_without_roles(|_| {}).await;
    let without_agent = [
        "slack",
        "github",
        "handlers",
        "conversations",
        "integrations",
        "projections",
        "queries",
        "api",
    ];
    app.installation.roles = Some(app.installation.spawn_roles(&without_agent).await.unwrap());
    app.connect_acme().await;
    // Nobody answers yet: the question waits.
    let said = app.say(json!({ "text": "ping", "via": "socket" })).await.unwrap();
    app.take("EVENTS", 1).await.unwrap();

    let connection = app.installation.connect(NatsUser::Agent).await.unwrap();
    let shutdown = CancellationToken::new();
    let service = Service::new(&connection, "pong", "0.1.0", "Says pong")
        .endpoint(agent::SUBJECT, |call| async move {
            let ask: agent::Ask = call.json()?;
            Ok(json!({ "pong": ask.question }))
        })
        .run(shutdown.clone());
    let serving = tokio::spawn(service);
    let answer = app.answer(&said).await.unwrap();
    assert_eq!(answer.markdown(), r#"{"pong":"ping"}"#);
    app.settled().await.unwrap();
    shutdown.cancel();
    serving.await.unwrap().unwrap();
    app.finish().await;
}

#[tokio::test]
async fn an_agent_that_fails_is_said_in_the_thread_and_recorded() {
    let mut app = App::start_without_roles(|_| {}).await;
    let without_agent = ["slack", "handlers", "conversations", "integrations", "api"];
    app.installation.roles = Some(app.installation.spawn_roles(&without_agent).await.unwrap());
    app.installation
        .infragpt(&[
            "integrations",
            "connect",
            "slack",
            "--organization",
            "acme",
            "--as-operator",
        ])
        .await
        .unwrap();
    app.take("EVENTS", 3).await.unwrap();
    let connection = app.installation.connect(NatsUser::Agent).await.unwrap();
    let shutdown = CancellationToken::new();
    let service = Service::new(&connection, "sorry", "0.1.0", "Always fails")
        .frames(agent::SUBJECT, |_, sink| async move {
            sink.error("The model is out of office.").await;
        })
        .run(shutdown.clone());
    let serving = tokio::spawn(service);
    let said = app.say(json!({ "text": "ping", "via": "socket" })).await.unwrap();
    let answer = app.answer(&said).await.unwrap();
    assert!(
        answer.markdown().contains("The model is out of office."),
        "{}",
        answer.markdown()
    );
    let events = app.take("EVENTS", 2).await.unwrap();
    assert_eq!(events[1].token(4), Some("answer_failed"));
    shutdown.cancel();
    serving.await.unwrap().unwrap();
    app.finish().await;
}

/// Markdown and mentions in what others wrote can't reach out of the answer.
#[tokio::test]
async fn a_hostile_title_stays_a_title() {
    let app = App::start().await;
    let title = "<!channel> [click](javascript:alert(1)) @here **bold**";
    let payload = json!({ "pull_request": { "title": title } });
    let delivery = json!({ "action": "closed", "repository": "acme/payments", "patch": payload });
    assert_eq!(app.webhook("pull_request", delivery).await, 200);
    app.rows().await.unwrap();
    let said = app
        .say(json!({ "text": "what changed today?", "via": "socket" }))
        .await
        .unwrap();
    let markdown = app.answer(&said).await.unwrap().markdown();
    assert!(
        !markdown.contains("<!channel>") && !markdown.contains("](javascript:"),
        "{markdown}"
    );
    assert!(
        !markdown.contains("@here ") && !markdown.contains("**bold**"),
        "{markdown}"
    );
    app.finish().await;
}
